"""What leaves: each file that somebody takes out is told, before its first byte goes."""

from typing import Final

from django.db import transaction
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from governance.audit.events import Act, record
from governance.models import AuditEvent, User

VERB: Final = "file.taken"
TYPE: Final = "file"
_LONGEST: Final = 500
"""Characters that are kept of one filter."""


def taken(
    request: HttpRequest,
    name: str,
    fmt: str,
    *,
    title: str,
    rows: int | None,
    made_from: QueryDict | None = None,
    sha256: str = "",
) -> AuditEvent:
    """Tell that the person behind a request takes a file: which, under which filters, how many rows.

    `rows` are those that fit when it began; None where nobody counted. A file that was made before
    tells the filters that it was `made_from`, and by its hash which bytes they are. Every file passes through
    here (tests/reports/test_files_taken.py walks their addresses). Cost: three statements, and the
    transaction around them.
    """
    user = request.user if isinstance(request.user, User) else None
    act = Act(user, timezone.now())
    query = request.GET if made_from is None else made_from
    after = {"format": fmt, "rows": rows, "filters": _filters(query)}
    with transaction.atomic():
        return record(
            act,
            VERB,
            object_type=TYPE,
            object_key=f"{name}.{fmt}"[:120],
            object_name=title,
            after=after | ({"sha256": sha256} if sha256 else {}),
        )


def _filters(query: QueryDict) -> dict[str, str]:
    """The address's parameters as they came; a null character, which no database keeps, is shown."""
    return {
        _plain(name): _plain(", ".join(values)) for name, values in query.lists() if any(values)
    }


def _plain(text: str) -> str:
    return text.replace("\x00", "\N{SYMBOL FOR NULL}")[:_LONGEST]
