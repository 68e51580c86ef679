"""The PostgreSQL role that the application runs as: it owns nothing, and of the trail it may read
everything, add, and move the head."""

from collections.abc import Iterator
from typing import Final

from django.apps import apps

from governance.audit.barriers import EVENTS, HEAD, SEALS

_MIGRATIONS: Final = "django_migrations"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _tables() -> list[str]:
    """Every table of the installed applications, those of many-to-many relations included."""
    return sorted(
        {
            model._meta.db_table
            for model in apps.get_models(include_auto_created=True)
            if model._meta.managed and not model._meta.proxy
        }
    )


def statements(role: str, schema: str = "public") -> Iterator[str]:
    """SQL for the owner of the tables, after each migrate; running it again changes nothing.

    Who owns the tables may drop triggers: that role is for migrations alone.
    """
    name, space = _quoted(role), _quoted(schema)
    yield f"REVOKE CREATE ON SCHEMA {space} FROM PUBLIC, {name};"
    yield f"GRANT USAGE ON SCHEMA {space} TO {name};"
    yield f"REVOKE ALL ON ALL TABLES IN SCHEMA {space} FROM {name};"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {space} TO {name};"
    rights = {
        EVENTS: "SELECT, INSERT",
        SEALS: "SELECT, INSERT",
        HEAD: "SELECT, UPDATE",
        _MIGRATIONS: "SELECT",
    }
    for table in [*_tables(), _MIGRATIONS]:
        given = rights.get(table, "SELECT, INSERT, UPDATE, DELETE")
        yield f"GRANT {given} ON {space}.{_quoted(table)} TO {name};"
