"""Notices in words, in the reader's language."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_SENTENCES: Final[Mapping[str, str | Promise]] = {
    "report-due": _("The report of %(month)s for %(project)s is due on %(due)s."),
    "report-overdue": _("The report of %(month)s for %(project)s was due on %(due)s."),
    "report-escalated": _(
        "%(project)s has not reported for %(month)s: %(days)s business days past the due day."
    ),
    "report-submitted": _("The report of %(month)s for %(project)s waits for your approval."),
    "report-returned": _("The report of %(month)s for %(project)s came back: %(reason)s"),
    "report-approved": _("The report of %(month)s for %(project)s is approved."),
    "approval-waiting": _(
        "The report of %(month)s for %(project)s has waited for an approval for %(days)s business"
        " days."
    ),
    "new-device": _("Sign-in from a new browser at %(at)s (%(client)s). Was it you?"),
    "password-changed": _("The password of your account was changed at %(at)s. Was it you?"),
    "address-changed": _("The address of your account was changed at %(at)s. Was it you?"),
    "credentials-ended": _(
        "You have shown who you are (%(at)s). What others may have set up before has ended: set"
        " your own password and second factor."
    ),
    "factor-added": _("A second factor of your account was set up at %(at)s. Was it you?"),
    "factor-removed": _("A second factor of your account was removed at %(at)s. Was it you?"),
    "review-overdue": _("The review “%(review)s” of %(subject)s was due on %(due)s."),
}


def words(kind: str, args: Mapping[str, Any]) -> str:
    """A notice as a sentence."""
    return str(_SENTENCES[kind]) % args
