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
    "review-overdue": _("The review “%(review)s” of %(subject)s was due on %(due)s."),
    "review-ordered": _("The review “%(review)s” of %(subject)s is on record."),
    "review-judged": _("The review “%(review)s” of %(subject)s has its verdict."),
    "review-completed": _("The review “%(review)s” of %(subject)s is complete."),
    "review-answered": _("The review “%(review)s” of %(subject)s was answered."),
    "review-changed": _("The review “%(review)s” of %(subject)s was changed."),
    "finding-written": _("New finding in “%(review)s” of %(subject)s: %(text)s"),
    "finding-answered": _("A finding in “%(review)s” of %(subject)s was answered: %(text)s"),
    "finding-closed": _("A finding in “%(review)s” of %(subject)s is closed: %(text)s"),
    "finding-changed": _("A finding in “%(review)s” of %(subject)s was changed: %(text)s"),
    "change-asked": _("A change of %(what)s waits for your decision: %(fields)s"),
    "change-approved": _("The change of %(what)s that you asked for is agreed to: %(fields)s"),
    "change-rejected": _("The change of %(what)s that you asked for is rejected: %(reason)s"),
}


def words(kind: str, args: Mapping[str, Any]) -> str:
    """A notice as a sentence."""
    return str(_SENTENCES[kind]) % args
