"""Errors of the domain; views and API turn them into answers."""

from typing import Any

from django.core.exceptions import BadRequest
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """Something the product's rules forbid, with a sentence for the reader."""

    message: Any = _("This is not possible.")

    def __init__(self, message: Any = None) -> None:
        super().__init__(message or self.message)


class AuditIsAppendOnly(DomainError):
    message = _("The audit trail can only be added to.")


class Conflict(DomainError):
    """Somebody else saved the record since it was opened: `theirs` is the stored state."""

    message = _("Somebody else has changed this record since you opened it.")

    def __init__(self, theirs: Any) -> None:
        super().__init__()
        self.theirs = theirs


class OddCharacters(BadRequest):
    """An address or a form with characters that nobody types and no database keeps."""
