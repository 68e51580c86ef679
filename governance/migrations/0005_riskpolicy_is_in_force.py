
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0004_audit_event_origin'),
    ]

    operations = [
        migrations.AddField(
            model_name='riskpolicy',
            name='is_in_force',
            field=models.BooleanField(default=False, verbose_name='in force'),
        ),
    ]
