
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0005_riskpolicy_is_in_force'),
        ('projects', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='changerequest',
            name='agency',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='governance.agency', verbose_name='agency'),
        ),
    ]
