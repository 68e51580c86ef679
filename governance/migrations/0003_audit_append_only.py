"""The database itself refuses to change an audit event, whatever the program does.

SQLite gets the trigger against updates only: its test runner empties tables by DELETE, and the
hash chain finds a removed event in any case (`manage.py verify_audit`).
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

POSTGRESQL = """
CREATE FUNCTION governance_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit trail can only be added to'; END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON governance_auditevent
FOR EACH ROW EXECUTE FUNCTION governance_audit_append_only();
"""
POSTGRESQL_BACK = """
DROP TRIGGER audit_append_only ON governance_auditevent;
DROP FUNCTION governance_audit_append_only();
"""
SQLITE = """
CREATE TRIGGER audit_append_only BEFORE UPDATE ON governance_auditevent
BEGIN SELECT RAISE(ABORT, 'the audit trail can only be added to'); END;
"""
SQLITE_BACK = "DROP TRIGGER audit_append_only;"


def forwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRESQL, params=None)
    elif editor.connection.vendor == "sqlite":
        editor.execute(SQLITE, params=None)


def backwards(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRESQL_BACK, params=None)
    elif editor.connection.vendor == "sqlite":
        editor.execute(SQLITE_BACK, params=None)


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_initial")]

    operations = [migrations.RunPython(forwards, backwards)]
