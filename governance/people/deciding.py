"""Author ≠ approver, of people and not of accounts: the one rule for every decision.

Whoever decides asks `refuse_same_person` before anything else happens. It knows the authors of a
record by the audit trail, and who may be one person with them (`governance.people.ties`).
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import models
from django.utils.translation import gettext as _

from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import AccountTie, AuditEvent, User
from governance.people.ties import open_ties, tied_to

# The last word of a verb that tells of a decision on a record. All others write in it.
_DECISIONS: Final = ("approved", "rejected", "returned", "published", "agreed")
# Who handed a record over, and when: records of before the trail have nothing else.
_HANDED_OVER: Final = (("requested_by_id", "requested_at"), ("submitted_by_id", "submitted_at"))


def authors_of(obj: models.Model) -> dict[int, datetime]:
    """Everybody who wrote in a record or handed it over → when they first did. Cost: one query."""
    events = AuditEvent.objects.filter(
        object_type=obj._meta.model_name, object_key=str(obj.pk), actor__isnull=False
    )
    rows: list[tuple[int | None, datetime | None]] = [
        (actor_id, at)
        for actor_id, at, verb in events.values_list("actor_id", "at", "verb")
        if not verb.endswith(_DECISIONS)
    ]
    rows += [(getattr(obj, who, None), getattr(obj, when, None)) for who, when in _HANDED_OVER]
    found: dict[int, datetime] = {}
    for person, at in rows:
        if person is not None and at is not None:
            found[person] = min(at, found.get(person, at))
    return found


def why_same_person(
    user: User | None,
    obj: models.Model,
    *,
    own: str | None = None,
    also: Iterable[int] = (),
) -> str:
    """Why `user` counts as an author of `obj` and cannot decide on it; "" where another person
    wrote it. `own` is the sentence for the author; `also` are ids of people who count as authors
    besides, such as whom a request is for.

    Cost: three queries for somebody else's work, up to two more for one's own.
    """
    if user is None:  # A command: run by whoever operates the machine.
        return ""
    authors = authors_of(obj)
    people = {*authors, *also}
    if user.pk in people:
        return own or _("Nobody decides on their own request.")
    since = min(authors.values(), default=None)
    if user.pk not in tied_to(people, since=since):
        return ""
    return _explained(user, people, since)


def _explained(user: User, people: set[int], since: datetime | None) -> str:
    """The tie between `user` and an author, in words."""
    ties = AccountTie.objects.filter(open_ties(since))
    mine = ties.filter(actor=user, user__in=people).select_related("user").first()
    if mine is not None:
        return _(
            "You and %(name)s count as one person here: you had that account in your hands"
            " (%(how)s), and until its holder has confirmed the own identity, what it writes may"
            " be yours."
        ) % {"name": mine.user, "how": mine.get_kind_display()}
    theirs = ties.filter(user=user, actor__in=people).select_related("actor").first()
    if theirs is not None:
        return _(
            "You and %(name)s count as one person here: they had your account in their hands"
            " (%(how)s). Confirm your own identity first."
        ) % {"name": theirs.actor, "how": theirs.get_kind_display()}
    return _(
        "Your account and an author's were in the same hands: until their holders have confirmed"
        " their own identity, they count as one person."
    )


def refuse_same_person(
    act: Act, obj: models.Model, *, own: str | None = None, also: Iterable[int] = ()
) -> None:
    """Raise DomainError with the reason where the actor counts as an author of `obj`.

    Every service that approves, rejects, confirms or publishes calls it (a test walks them).
    """
    if reason := why_same_person(act.user, obj, own=own, also=also):
        raise DomainError(reason)
