import datetime
import django.contrib.auth.models
import django.contrib.auth.validators
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.comparison
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditHead',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveBigIntegerField(default=0)),
                ('hash', models.CharField(default='', max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='JobMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=60, unique=True)),
                ('ran_for', models.DateField()),
                ('ran_at', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'regular job',
                'verbose_name_plural': 'regular jobs',
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('display_name', models.CharField(blank=True, max_length=120, verbose_name='name shown')),
                ('language', models.CharField(choices=[('ja', 'Japanese'), ('en', 'English')], default='ja', max_length=5, verbose_name='language')),
                ('time_zone', models.CharField(blank=True, help_text='Empty: the time zone of this site.', max_length=50, verbose_name='time zone')),
                ('mail_digest', models.CharField(choices=[('at_once', 'each notice at once'), ('daily', 'one mail a business day'), ('weekly', 'one mail a week'), ('never', 'no e-mail: in the application alone')], default='daily', max_length=10, verbose_name='e-mail')),
                ('proven_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='identity proven at')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(max_length=200)),
                ('kind', models.CharField(max_length=40)),
                ('args', models.JSONField(default=dict)),
                ('path', models.CharField(blank=True, max_length=300)),
                ('created_at', models.DateTimeField()),
                ('read_at', models.DateTimeField(null=True)),
                ('mailed_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notices', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'notice',
                'verbose_name_plural': 'notices',
                'ordering': ('-created_at', '-pk'),
                'indexes': [models.Index(condition=models.Q(('read_at__isnull', True)), fields=['user'], name='notice_unread')],
                'constraints': [models.UniqueConstraint(fields=('user', 'event'), name='notice_once')],
            },
        ),
        migrations.CreateModel(
            name='Agency',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated at')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='agency code')),
                ('name', models.CharField(max_length=100, verbose_name='name (Japanese)')),
                ('name_en', models.CharField(blank=True, max_length=150, verbose_name='name (English)')),
                ('order', models.PositiveIntegerField(default=999, verbose_name='establishment order')),
                ('contact_accounting', models.CharField(blank=True, max_length=200, verbose_name='accounting contact')),
                ('contact_hr', models.CharField(blank=True, max_length=200, verbose_name='personnel contact')),
                ('contact_pr', models.CharField(blank=True, max_length=200, verbose_name='public relations contact')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='governance.agency', verbose_name='parent agency')),
                ('updated_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='updated by')),
            ],
            options={
                'verbose_name': 'agency',
                'verbose_name_plural': 'agencies',
                'ordering': ('order', 'code'),
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_from__isnull', True), ('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='agency_validity', violation_error_message='The end of validity lies before its start.'), models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('name',), name='agency_name_unique_while_valid', violation_error_message='A valid agency of this name exists already.'), models.CheckConstraint(condition=models.Q(('parent__isnull', True), models.Q(('parent', models.F('id')), _negated=True), _connector='OR'), name='agency_not_own_parent', violation_error_message='An agency cannot be its own parent.')],
            },
        ),
        migrations.CreateModel(
            name='PlanAction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated at')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='action code')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('strand', models.CharField(choices=[('invest', 'investment management'), ('cut', 'cost reduction'), ('online', 'online services')], max_length=10, verbose_name='strand')),
                ('responsible', models.CharField(max_length=120, verbose_name='responsible body')),
                ('start_year', models.PositiveSmallIntegerField(verbose_name='start year')),
                ('end_year', models.PositiveSmallIntegerField(verbose_name='end year')),
                ('kpi', models.CharField(blank=True, max_length=300, verbose_name='KPI')),
                ('status', models.CharField(choices=[('planned', 'planned'), ('running', 'under way'), ('done', 'done'), ('extended', 'extended'), ('stopped', 'stopped')], max_length=10, verbose_name='status')),
                ('follow_up', models.TextField(blank=True, verbose_name='follow-up')),
                ('agency', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plan_actions', to='governance.agency', verbose_name='agency')),
                ('updated_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='updated by')),
            ],
            options={
                'verbose_name': 'plan action',
                'verbose_name_plural': 'plan actions',
                'ordering': ('agency__order', 'start_year', 'code'),
                'constraints': [models.CheckConstraint(condition=models.Q(('end_year__gte', models.F('start_year'))), name='plan_action_years', violation_error_message='The end year lies before the start year.')],
            },
        ),
        migrations.CreateModel(
            name='RiskPolicy',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated at')),
                ('rule_id', models.CharField(max_length=60, verbose_name='rule')),
                ('parameters', models.JSONField(default=dict, verbose_name='parameters')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('updated_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='updated by')),
            ],
            options={
                'verbose_name': 'risk policy',
                'verbose_name_plural': 'risk policies',
                'ordering': ('rule_id', 'valid_from'),
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_from__isnull', True), ('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='risk_policy_validity', violation_error_message='The end of validity lies before its start.'), models.UniqueConstraint(models.F('rule_id'), django.db.models.functions.comparison.Coalesce('valid_from', models.Value(datetime.date(1, 1, 1))), name='risk_policy_once', violation_error_message='This rule has a policy from that day already.')],
            },
        ),
        migrations.CreateModel(
            name='RoleTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated at')),
                ('role', models.CharField(choices=[('cio_office', 'Government CIO office'), ('advisor', 'Government CIO advisor'), ('ministry_cio', 'Ministry CIO / deputy CIO'), ('pmo', 'PMO'), ('pjmo', 'PJMO'), ('accounting', 'Accounting'), ('hr', 'Personnel'), ('public_relations', 'Public relations'), ('verifier', 'Third-party verifier'), ('auditor', 'Auditor')], max_length=30, unique=True, verbose_name='role')),
                ('name', models.CharField(max_length=80, verbose_name='name (Japanese)')),
                ('name_en', models.CharField(blank=True, max_length=120, verbose_name='name (English)')),
                ('updated_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='updated by')),
            ],
            options={
                'verbose_name': 'role term',
                'verbose_name_plural': 'role terms',
                'ordering': ('role',),
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_from__isnull', True), ('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='role_term_validity', violation_error_message='The end of validity lies before its start.')],
            },
        ),
        migrations.CreateModel(
            name='Target',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated at')),
                ('code', models.SlugField(max_length=40, unique=True, verbose_name='target code')),
                ('title', models.CharField(max_length=200, verbose_name='title (Japanese)')),
                ('title_en', models.CharField(blank=True, max_length=200, verbose_name='title (English)')),
                ('metric_id', models.CharField(max_length=60, verbose_name='metric')),
                ('direction', models.CharField(choices=[('up', 'higher is better'), ('down', 'lower is better')], max_length=4, verbose_name='direction')),
                ('unit', models.CharField(max_length=20, verbose_name='unit')),
                ('base_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='base year')),
                ('base_value', models.DecimalField(blank=True, decimal_places=3, max_digits=15, null=True, verbose_name='base value')),
                ('target_year', models.PositiveSmallIntegerField(verbose_name='target year')),
                ('target_value', models.DecimalField(decimal_places=3, max_digits=15, verbose_name='target value')),
                ('source', models.CharField(blank=True, max_length=300, verbose_name='source')),
                ('agency', models.ForeignKey(blank=True, help_text='Empty for a target of the whole government.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='targets', to='governance.agency', verbose_name='agency')),
                ('updated_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='updated by')),
            ],
            options={
                'verbose_name': 'target',
                'verbose_name_plural': 'targets',
                'ordering': ('target_year', 'code'),
                'constraints': [models.CheckConstraint(condition=models.Q(('base_year__isnull', True), ('target_year__gte', models.F('base_year')), _connector='OR'), name='target_after_base', violation_error_message='The target year lies before the base year.')],
            },
        ),
        migrations.CreateModel(
            name='Training',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated at')),
                ('kind', models.CharField(choices=[('skill', 'skill'), ('training', 'training'), ('qualification', 'qualification')], max_length=13, verbose_name='kind')),
                ('title', models.CharField(max_length=200, verbose_name='title')),
                ('level', models.CharField(blank=True, max_length=60, verbose_name='level')),
                ('obtained_on', models.DateField(blank=True, null=True, verbose_name='obtained on')),
                ('expires_on', models.DateField(blank=True, null=True, verbose_name='expires on')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='note')),
                ('updated_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='updated by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='trainings', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'training',
                'verbose_name_plural': 'trainings',
                'ordering': ('user_id', 'kind', 'title', 'pk'),
                'constraints': [models.CheckConstraint(condition=models.Q(('obtained_on__isnull', True), ('expires_on__isnull', True), ('expires_on__gte', models.F('obtained_on')), _connector='OR'), name='training_dates', violation_error_message='It would expire before it was obtained.')],
            },
        ),
        migrations.CreateModel(
            name='AccountTie',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('made', 'made the account'), ('invited', 'sent the invitation'), ('reset', 'reset the sign-in'), ('link_seen', 'saw the one-time link')], max_length=10, verbose_name='kind')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='actor')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ties', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'tie of an account',
                'verbose_name_plural': 'ties of accounts',
                'ordering': ('-at', '-pk'),
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('seq', models.PositiveBigIntegerField(unique=True, verbose_name='number')),
                ('at', models.DateTimeField(verbose_name='at')),
                ('actor_name', models.CharField(max_length=200, verbose_name='actor')),
                ('source', models.CharField(max_length=40, verbose_name='by way of')),
                ('verb', models.CharField(max_length=60, verbose_name='verb')),
                ('object_type', models.CharField(max_length=60, verbose_name='object type')),
                ('object_key', models.CharField(max_length=120, verbose_name='object')),
                ('object_name', models.CharField(max_length=300, verbose_name='object name')),
                ('before', models.JSONField(null=True, verbose_name='before')),
                ('after', models.JSONField(null=True, verbose_name='after')),
                ('reason', models.TextField(blank=True, verbose_name='reason')),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64, unique=True)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='actor')),
            ],
            options={
                'verbose_name': 'audit event',
                'verbose_name_plural': 'audit events',
                'ordering': ('-seq',),
                'indexes': [models.Index(fields=['object_type', 'object_key'], name='audit_object')],
            },
        ),
        migrations.CreateModel(
            name='Draft',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.CharField(max_length=300)),
                ('data', models.JSONField(default=list)),
                ('saved_at', models.DateTimeField()),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='drafts', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'draft',
                'verbose_name_plural': 'drafts',
                'ordering': ('-saved_at',),
                'constraints': [models.UniqueConstraint(fields=('user', 'form'), name='draft_once')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid_from', models.DateField(blank=True, null=True, verbose_name='valid from')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='valid to')),
                ('version', models.PositiveIntegerField(default=1, editable=False, verbose_name='version')),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='updated at')),
                ('role', models.CharField(choices=[('cio_office', 'Government CIO office'), ('advisor', 'Government CIO advisor'), ('ministry_cio', 'Ministry CIO / deputy CIO'), ('pmo', 'PMO'), ('pjmo', 'PJMO'), ('accounting', 'Accounting'), ('hr', 'Personnel'), ('public_relations', 'Public relations'), ('verifier', 'Third-party verifier'), ('auditor', 'Auditor')], max_length=30, verbose_name='role')),
                ('is_head', models.BooleanField(default=False, verbose_name='head of the office')),
                ('allocation_percent', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(100)], verbose_name='share of working time (%)')),
                ('agency', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='governance.agency', verbose_name='agency')),
                ('updated_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='updated by')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'membership',
                'verbose_name_plural': 'memberships',
                'ordering': ('role', 'id'),
                'constraints': [models.CheckConstraint(condition=models.Q(('valid_from__isnull', True), ('valid_to__isnull', True), ('valid_to__gte', models.F('valid_from')), _connector='OR'), name='membership_validity', violation_error_message='The end of validity lies before its start.')],
            },
        ),
    ]
