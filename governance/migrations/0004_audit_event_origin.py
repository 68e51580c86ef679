
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0003_audit_barriers'),
    ]

    operations = [
        migrations.AddField(
            model_name='auditevent',
            name='origin',
            field=models.JSONField(null=True, verbose_name='from where'),
        ),
    ]
