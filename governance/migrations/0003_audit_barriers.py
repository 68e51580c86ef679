"""One head from the start, and the database itself refuses to change the trail."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from governance.audit import barriers


def begin(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """The one row that every writer locks."""
    apps.get_model("governance", "AuditHead").objects.create(pk=1, seq=0, hash="")


def up(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in barriers.raise_all(editor.connection):
        editor.execute(statement, params=None)


def down(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in barriers.lower_all(editor.connection):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_initial")]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
        migrations.RunPython(up, down),
    ]
