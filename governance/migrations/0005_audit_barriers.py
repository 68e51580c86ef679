"""One head from the start, and the database itself refuses to change the trail."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from governance.audit import barriers


def begin(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """The one row that every writer locks."""
    head = apps.get_model("governance", "AuditHead")
    last = apps.get_model("governance", "AuditEvent").objects.order_by("-seq").first()
    if not head.objects.exists():
        head.objects.create(
            pk=1, seq=0 if last is None else last.seq, hash="" if last is None else last.hash
        )


def up(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "sqlite":
        editor.execute("DROP TRIGGER IF EXISTS audit_append_only;", params=None)
    else:
        editor.execute(
            "DROP TRIGGER IF EXISTS audit_append_only ON governance_auditevent;"
            " DROP FUNCTION IF EXISTS governance_audit_append_only();",
            params=None,
        )
    for statement in barriers.raise_all(editor.connection):
        editor.execute(statement, params=None)


def down(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in barriers.lower_all(editor.connection):
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("governance", "0004_trail")]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
        migrations.RunPython(up, down),
    ]
