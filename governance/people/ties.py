"""Whether two accounts may be one person: who made, invited or reset an account has had it in
their hands, until its holder proves the own identity afterwards.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from governance import audit
from governance.audit import Act
from governance.models import AccountTie, User
from governance.models.base import snapshot


@transaction.atomic
def tie(act: Act, user: User, kind: AccountTie.Kind) -> None:
    """Keep that the actor had `user`'s account in their hands; the system itself ties nobody.

    Audited as "accounttie.made", beside what the caller audits: who took a tie out of the database
    could approve their own work.
    """
    if act.user is not None and act.user.pk != user.pk:
        made = AccountTie.objects.create(user=user, actor=act.user, kind=kind, at=act.at)
        audit.record_object(act, "accounttie.made", made, before=None, after=snapshot(made))


@transaction.atomic
def tie_all(act: Act, user: User, actor_ids: Iterable[int], kind: AccountTie.Kind) -> None:
    """Tie people to `user`'s account for what they did earlier, where no tie is open. Audited as
    "accounttie.made"."""
    is_open = AccountTie.objects.filter(user=user, ended_at__isnull=True)
    for pk in sorted(set(actor_ids) - {user.pk, *is_open.values_list("actor_id", flat=True)}):
        made = AccountTie.objects.create(user=user, actor_id=pk, kind=kind, at=act.at)
        audit.record_object(act, "accounttie.made", made, before=None, after=snapshot(made))


@transaction.atomic
def prove(act: Act, user: User) -> None:
    """The holder has proven the own identity: ties before this moment count no more, for anything
    written from now on.

    `act.source` tells by what way (e.g. "mail", "oidc"). Audited as "user.proven".
    """
    stored = User.objects.select_for_update().get(pk=user.pk)
    before = stored.proven_at
    stored.proven_at = user.proven_at = act.at
    stored.save(update_fields=["proven_at"])
    for one in AccountTie.objects.filter(user=user, ended_at__isnull=True, at__lt=act.at):
        old = snapshot(one)
        one.ended_at = act.at
        one.save(update_fields=["ended_at"])
        audit.record_object(act, "accounttie.ended", one, before=old, after=snapshot(one))
    audit.record_object(
        act, "user.proven", stored, before={"proven_at": before}, after={"proven_at": act.at}
    )


def open_ties(since: datetime | None = None) -> Q:
    """Ties that count for work begun at `since` (None: for what is done now).

    What was filed while somebody else had the account in their hands may be theirs for ever: a
    later proof clears what the holder writes from then on, never what was written before.
    """
    counts = Q(ended_at__isnull=True)
    return counts if since is None else counts | Q(ended_at__gt=since)


def tied_to(people: Iterable[int], *, since: datetime | None = None) -> frozenset[int]:
    """Users who may be one person with one of `people` (ids), without these themselves.

    Either had the other's account in their hands and its holder had not proven the own identity
    by `since`, the moment at which the work in question was begun (None: by now). Chains count:
    what A made and B, made by A, files is A's in both. Cost: one query a link of the chain.
    """
    given = frozenset(people)
    found, edge = set(given), set(given)
    ties = AccountTie.objects.filter(open_ties(since))
    while edge:
        pairs = ties.filter(Q(user_id__in=edge) | Q(actor_id__in=edge))
        reached = {pk for pair in pairs.values_list("user_id", "actor_id") for pk in pair}
        edge = reached - found
        found |= edge
    return frozenset(found - given)
