from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('governance', '0003_audit_append_only'),
    ]

    operations = [
        migrations.AddField(
            model_name='draft',
            name='size',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
