"""A database whose restore was broken off says so, to `migrate` and to `check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import DEFAULT_DB_ALIAS, connection
from django.utils.translation import gettext as _

from governance.backup.engine import MARK


def restore_is_finished(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """governance.E010 while the mark of a restore stands. Cost: one query, or two."""
    if DEFAULT_DB_ALIAS not in (databases or ()):
        return []
    if MARK not in connection.introspection.table_names():
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT file FROM {MARK}")  # noqa: S608 (constant)
        file = (cursor.fetchone() or ("",))[0]
    return [
        Error(
            _("A restore of this database was begun and not finished: what it holds is not whole."),
            hint=_("Run manage.py restore again, with %(file)s.") % {"file": file},
            id="governance.E010",
        )
    ]
