"""Notices in words, in the reader's language."""

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance.access import Role

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
    "role-asked": _(
        "The role %(role)s (%(place)s) is asked for the account %(account)s: do you agree?"
    ),
    "role-given": _("The account %(account)s now holds the role %(role)s (%(place)s)."),
    "role-refused": _("The role %(role)s (%(place)s) was not given to the account %(account)s."),
    "review-overdue": _("The review “%(review)s” of %(subject)s was due on %(due)s."),
}


def words(kind: str, args: Mapping[str, Any]) -> str:
    """A notice as a sentence."""
    if "role" in args:
        args = {**args, "role": Role(args["role"]).label}
    return str(_SENTENCES[kind]) % args
