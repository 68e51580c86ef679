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
    "job-failed": _(
        "The regular job “%(job)s” failed (%(error)s). It will be tried again; the log of the server"
        " says more."
    ),
    "row-set-aside": _(
        "The regular job “%(job)s” left out %(what)s (%(error)s); everything else was done. The log"
        " of the server says more."
    ),
    "mail-given-up": _(
        "Mail to %(person)s could not be delivered (%(error)s). The notices stay in the application;"
        " please check the address."
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
    "role-asked": _(
        "The role %(role)s (%(place)s) is asked for the account %(account)s: do you agree?"
    ),
    "role-given": _("The account %(account)s now holds the role %(role)s (%(place)s)."),
    "role-refused": _("The role %(role)s (%(place)s) was not given to the account %(account)s."),
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
    """A notice as a sentence; one that another release wrote and this one can't say is named as
    such, so that it stops neither a page nor a mail."""
    try:
        if "role" in args:
            args = {**args, "role": Role(args["role"]).label}
        return str(_SENTENCES[kind]) % args
    except (KeyError, TypeError, ValueError):
        return str(_("There is news (%(kind)s): open it to read it.")) % {"kind": kind}
