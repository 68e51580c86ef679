"""Days that are given to commands."""

from datetime import date

from django.core.management.base import CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _


def day_of(text: str | None) -> date:
    """A day as YYYY-MM-DD; today where none is given. Raises CommandError."""
    if text is None:
        return timezone.localdate()
    try:
        day = parse_date(text)
    except ValueError:  # Well formed, but no such day.
        day = None
    if day is None:
        raise CommandError(_("“%(text)s” is no date: write YYYY-MM-DD.") % {"text": text})
    return day
