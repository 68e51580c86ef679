"""Whose an account is: the offices in whose reach all its roles lie, or else whoever made it.

Nobody gives a role over another's account alone: its holder, or its own ministry, agrees.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from governance.access import Action, Resource, rights_of
from governance.models import AccountTie, Membership, User


@dataclass(frozen=True, slots=True)
class Home:
    """Where an account is at home: agencies, the whole government, or its makers alone."""

    agency_ids: frozenset[int] = frozenset()
    is_government: bool = False
    maker_ids: frozenset[int] = frozenset()


def homes_of(user_ids: Iterable[int], on: date) -> dict[int, Home]:
    """Where accounts are at home: agencies of the roles held or to come; of past ones where there
    are none; whoever made or invited an account that never had a role. Cost: two queries."""
    wanted = set(user_ids)
    standing: dict[int, list[int | None]] = defaultdict(list)
    past: dict[int, list[int | None]] = defaultdict(list)
    rows = Membership.objects.filter(user_id__in=wanted).values_list(
        "user_id", "agency_id", "project__agency_id", "valid_to"
    )
    for user_id, agency_id, of_project, until in rows:
        places = standing if until is None or until >= on else past
        places[user_id].append(agency_id or of_project)
    kinds = [AccountTie.Kind.MADE, AccountTie.Kind.INVITED]
    makers: dict[int, list[int]] = defaultdict(list)
    made = AccountTie.objects.filter(user_id__in=wanted - {*standing, *past}, kind__in=kinds)
    for user_id, actor_id in made.values_list("user_id", "actor_id"):
        makers[user_id].append(actor_id)
    found = {}
    for pk in wanted:
        at = standing.get(pk) or past.get(pk) or []
        agencies = frozenset(agency for agency in at if agency is not None)
        found[pk] = Home(agencies, None in at, frozenset(makers.get(pk, ())))
    return found


def home_of(person: User, on: date) -> Home:
    return homes_of([person.pk], on)[person.pk]


def belongs_to(user: Any, person: User, on: date) -> bool:
    """Whether `user` may give roles over this account alone. One that nobody made and that has no
    role is nobody's yet. Cost: two queries."""
    home = home_of(person, on)
    if home.agency_ids or home.is_government:
        reach = rights_of(user).reach(Resource.STAFFING, Action.CREATE)
        return not home.is_government and home.agency_ids <= reach.agency_ids
    return not home.maker_ids or user.pk in home.maker_ids


def known_to(user: Any) -> QuerySet[User]:
    """Active accounts that `user` may name without asking anybody: whose roles they see, and those
    without a role that they, or nobody, made."""
    kinds = [AccountTie.Kind.MADE, AccountTie.Kind.INVITED]
    made = AccountTie.objects.filter(kind__in=kinds)
    without_role = Q(memberships__isnull=True) & (
        ~Q(pk__in=made.values("user_id")) | Q(pk__in=made.filter(actor=user).values("user_id"))
    )
    seen = User.objects.visible_to(user).values("pk")
    found: QuerySet[User] = User.objects.filter(Q(pk__in=seen) | without_role, is_active=True)
    return found


def is_within_reach(user: Any, person: User, on: date) -> bool:
    """Whether `user` may hand over to or from this person: the account is theirs to give roles
    over, or holds a role within their reach."""
    if belongs_to(user, person, on):
        return True
    held = Membership.objects.visible_to(user, Action.EDIT).filter(user=person)
    return held.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on)).exists()
