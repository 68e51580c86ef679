"""Running a decision from its page: what came of it is told there, and a refusal loses no reason."""

from collections.abc import Callable
from typing import Final, TypeVar

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from governance.audit import Act
from governance.exceptions import DomainError
from governance.templatetags.ui import TYPED_REASON
from projects.views.editing import act_of

Written = TypeVar("Written")

# As many characters as a reason may have, and some more, so that a refused one is not cut.
_LONGEST: Final = 4000
_DIGITS: Final = 10


def version_of(request: HttpRequest) -> int | None:
    """The version that the page was made of, as it sends it back; None where it sends none. What is
    no version is that of no record."""
    given = request.POST.get("version", "")
    if not given:
        return None
    return int(given) if given.isascii() and given.isdecimal() and len(given) < _DIGITS else -1


def run(
    request: HttpRequest,
    write: Callable[[Act, int | None], Written],
    url: str,
    *,
    passing: tuple[type[DomainError], ...] = (),
) -> Written | None:
    """What `write` gives of the act and version that were sent; None where it was refused.

    A refusal is told as a message, and the reason that was typed stands again in the form of the
    page at `url`. Errors of `passing` are the caller's to tell.
    """
    reason = request.POST.get("reason", "")
    try:
        written = write(act_of(request, reason), version_of(request))
    except passing:
        raise
    except DomainError as error:
        messages.error(request, str(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        request.session.pop(TYPED_REASON, None)
        return written
    if reason.strip():
        request.session[TYPED_REASON] = {"at": url, "text": reason[:_LONGEST]}
    return None
