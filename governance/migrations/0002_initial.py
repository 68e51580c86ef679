import datetime
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('governance', '0001_initial'),
        ('projects', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='membership',
            name='project',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='projects.project', verbose_name='project'),
        ),
        migrations.AddField(
            model_name='rolerequest',
            name='project',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='projects.project', verbose_name='project'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agency__isnull', True), ('project__isnull', True), ('role__in', ['cio_office', 'advisor', 'auditor'])), models.Q(('agency__isnull', False), ('project__isnull', True), ('role__in', ['ministry_cio', 'pmo', 'accounting', 'hr', 'public_relations'])), models.Q(('agency__isnull', True), ('project__isnull', False), ('role__in', ['pjmo', 'verifier'])), _connector='OR'), name='membership_scope_fits_role', violation_error_message='This role belongs to the whole government, to one agency, or to one project.'),
        ),
        migrations.AddConstraint(
            model_name='membership',
            constraint=models.UniqueConstraint(models.F('user'), models.F('role'), django.db.models.functions.comparison.Coalesce('agency', 0), django.db.models.functions.comparison.Coalesce('project', 0), django.db.models.functions.comparison.Coalesce('valid_from', models.Value(datetime.date(1, 1, 1))), name='membership_once', violation_error_message='This person holds this role there already.'),
        ),
        migrations.AddConstraint(
            model_name='rolerequest',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('agency__isnull', True), ('project__isnull', True), ('role__in', ['cio_office', 'advisor', 'auditor'])), models.Q(('agency__isnull', False), ('project__isnull', True), ('role__in', ['ministry_cio', 'pmo', 'accounting', 'hr', 'public_relations'])), models.Q(('agency__isnull', True), ('project__isnull', False), ('role__in', ['pjmo', 'verifier'])), _connector='OR'), name='role_request_scope_fits_role', violation_error_message='This role belongs to the whole government, to one agency, or to one project.'),
        ),
        migrations.AddConstraint(
            model_name='rolerequest',
            constraint=models.UniqueConstraint(models.F('user'), models.F('role'), django.db.models.functions.comparison.Coalesce('agency', 0), django.db.models.functions.comparison.Coalesce('project', 0), condition=models.Q(('state', 'requested')), name='role_request_once', violation_error_message='This role is asked for already.'),
        ),
    ]
