"""A verifier stands outside: asked after every write that could break it, from either side.

Roles given, changed and handed over, reviewers named, projects moved, systems linked, contracts
with a vendor: each service asks the appointments concerned, and a broken one rolls all back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from governance import corporate_number
from governance.access import Role, rights_of
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import Agency, Membership, User
from governance.people.ties import tied_to
from projects.metrics.independence import (
    Bar,
    Post,
    Subject,
    Verifier,
    conflicts,
    family,
    plain_name,
)
from projects.models import Contract, Finding, Project, Review, System
from projects.models.choices import ReviewLayer

# Fields of a record that decide who may verify; a change of others asks nothing.
DECISIVE: Final[Mapping[type[models.Model], frozenset[str]]] = {
    Contract: frozenset({"vendor", "vendor_number", "project", "system"}),
    Project: frozenset({"agency", "systems"}),
    System: frozenset({"agency"}),
    Agency: frozenset({"parent"}),
    Review: frozenset(
        {"system", "project", "review_type", "reviewer", "reviewer_user", "reviewer_number",
         "held_on", "is_complete"}
    ),
}  # fmt: skip


_NAMES: Final = frozenset({"reviewer", "reviewer_user", "reviewer_number", "review_type"})


@dataclass(frozen=True, slots=True)
class Appointment:
    """Somebody who verifies a project or a system."""

    project_id: int | None
    system_id: int | None
    user: User | None
    name: str = ""
    number: str = ""
    until: date | None = None

    def __str__(self) -> str:
        return str(self.user or self.name or self.number)


@dataclass(slots=True)
class _Facts:
    """What the register knows about the subjects of some appointments; read in six queries."""

    projects: dict[int, int]
    systems: dict[int, int]
    links: dict[int, set[int]]
    parents: dict[int, int | None]
    contracts: list[tuple[int | None, int | None, str, str]]
    posts: dict[int, list[Post]]

    def subject(self, one: Appointment) -> Subject:
        if one.project_id is not None:
            projects, agency = {one.project_id}, self.projects[one.project_id]
            systems = self.links.get(one.project_id, set())
        else:
            systems = {one.system_id} if one.system_id is not None else set()
            projects = {pk for pk, linked in self.links.items() if linked & systems}
            agency = self.systems[one.system_id or 0]
        vendors = [
            (number, name)
            for project_id, system_id, number, name in self.contracts
            if project_id in projects or system_id in systems
        ]
        return Subject(
            project_ids=frozenset(projects),
            agency_ids=family([agency], self.parents),
            vendor_numbers=frozenset(corporate_number.plain(number) for number, _name in vendors),
            vendor_names=frozenset(plain_name(name) for _number, name in vendors),
        )

    def verifier(self, one: Appointment) -> Verifier:
        posts = () if one.user is None else tuple(self.posts.get(one.user.pk, ()))
        number = one.number or ("" if one.user is None else one.user.employer_number)
        return Verifier(posts, corporate_number.plain(number), one.name, one.until)


def _posts_of(user_ids: Iterable[int]) -> dict[int, list[Post]]:
    rows = Membership.objects.filter(user_id__in=set(user_ids)).values_list(
        "user_id", "role", "agency_id", "project_id", "project__agency_id", "valid_from"
    )
    found: dict[int, list[Post]] = defaultdict(list)
    for user_id, role, agency_id, project_id, project_agency_id, starts in rows:
        agency = agency_id or project_agency_id
        found[user_id].append(Post(role, agency, project_id, starts or date.min))
    return found


def _facts(found: Iterable[Appointment], posts: dict[int, list[Post]]) -> _Facts:
    projects = {one.project_id for one in found if one.project_id is not None}
    systems = {one.system_id for one in found if one.system_id is not None}
    through = Project.systems.through._default_manager
    links: dict[int, set[int]] = defaultdict(set)
    rows = through.filter(Q(project_id__in=projects) | Q(system_id__in=systems))
    for project_id, system_id in rows.values_list("project_id", "system_id"):
        links[project_id].add(system_id)
    linked = set().union(*links.values()) if links else set()
    contracts = Contract.objects.filter(
        Q(project_id__in=projects | set(links)) | Q(system_id__in=systems | linked)
    )
    return _Facts(
        projects=dict(Project.objects.filter(pk__in=projects).values_list("pk", "agency_id")),
        systems=dict(System.objects.filter(pk__in=systems).values_list("pk", "agency_id")),
        links=links,
        parents=dict(Agency.objects.values_list("pk", "parent_id")),
        contracts=list(contracts.values_list("project_id", "system_id", "vendor_number", "vendor")),
        posts=posts,
    )


def appointments(of: Q, reviews: Q) -> list[Appointment]:
    """Verifiers by role (`of` narrows memberships) and by review (`reviews`). Cost: two queries,
    three where there are roles."""
    roles = list(
        Membership.objects.filter(of, role=Role.VERIFIER).select_related("user").order_by("pk")
    )
    named = Review.objects.filter(reviews, review_type__layer=ReviewLayer.THIRD_PARTY)
    open_cases = set()
    if roles:
        open_cases = set(
            Review.objects.filter(
                review_type__layer=ReviewLayer.THIRD_PARTY,
                is_complete=False,
                project_id__in=[role.project_id for role in roles],
            ).values_list("project_id", flat=True)
        )
    found = [
        Appointment(
            role.project_id,
            None,
            role.user,
            until=None if role.project_id in open_cases else role.valid_to,
        )
        for role in roles
    ]
    named = named.exclude(reviewer="", reviewer_user=None, reviewer_number="")
    found += [
        Appointment(
            review.project_id,
            review.system_id,
            review.reviewer_user,
            review.reviewer,
            review.reviewer_number,
            review.held_on if review.is_complete else None,
        )
        for review in named.select_related("reviewer_user").order_by("pk")
    ]
    return found


def refuse_broken(found: list[Appointment]) -> None:
    """Raise ValidationError with every reason for which one of these does not stand outside.

    Cost: nothing for none, six queries for any number.
    """
    if not found:
        return
    facts = _facts(found, _posts_of(one.user.pk for one in found if one.user is not None))
    told = {
        _sentence(bar, str(one)): None
        for one in found
        for bar in conflicts(facts.subject(one), facts.verifier(one))
    }
    if told:
        raise ValidationError({NON_FIELD_ERRORS: [_("A verifier stands outside."), *told]})


def _sentence(bar: Bar, who: str) -> str:
    if bar is Bar.PROJECT:
        return _("%(who)s is or was in the PJMO of the project under verification.") % {"who": who}
    if bar is Bar.OFFICE:
        return _(
            "%(who)s holds or held a role in the body under verification, or above or below it."
        ) % {"who": who}
    return _("%(who)s belongs to a vendor of what is verified.") % {"who": who}


# Who asks ---------------------------------------------------------------------------------------------------


def check_person(user_id: int) -> None:
    """After somebody's roles or employer changed."""
    refuse_broken(appointments(Q(user_id=user_id), Q(reviewer_user_id=user_id)))


def check_subjects(*, project_ids: Iterable[int] = (), system_ids: Iterable[int] = ()) -> None:
    """After the agency, systems or vendors of projects and systems changed."""
    projects, systems = set(project_ids), set(system_ids)
    if not projects and not systems:
        return
    of_projects = Q(project_id__in=projects) | Q(project__systems__in=systems)
    rows = Membership.objects.filter(of_projects, role=Role.VERIFIER).values("pk")
    reviews = of_projects | Q(system_id__in=systems) | Q(system__projects__in=projects)
    named = Review.objects.filter(reviews).values("pk")
    refuse_broken(appointments(Q(pk__in=rows), Q(pk__in=named)))


def check_record(obj: models.Model, changed: Iterable[str]) -> None:
    """After a record of the register was written; `changed` names the fields that differ."""
    decisive = DECISIVE.get(type(obj), frozenset())
    if not decisive.intersection(changed):
        return
    match obj:
        case Contract():
            check_subjects(project_ids=_one(obj.project_id), system_ids=_one(obj.system_id))
        case Project():
            check_subjects(
                project_ids=[obj.pk], system_ids=obj.systems.values_list("pk", flat=True)
            )
        case System():
            check_subjects(system_ids=[obj.pk])
        case Agency():
            _check_agencies(family([obj.pk], dict(Agency.objects.values_list("pk", "parent_id"))))
        case Review():
            _check_review(obj, set(changed))


def _check_agencies(agency_ids: Iterable[int]) -> None:
    inside = Q(project__agency_id__in=agency_ids)
    refuse_broken(appointments(inside, inside | Q(system__agency_id__in=agency_ids)))


def _one(pk: int | None) -> list[int]:
    return [] if pk is None else [pk]


def _check_review(review: Review, changed: set[str]) -> None:
    if review.review_type.layer != ReviewLayer.THIRD_PARTY:
        return
    is_named = review.reviewer_user_id is not None or review.reviewer_number
    if review.reviewer and not is_named and changed & _NAMES:
        raise ValidationError(
            {
                "reviewer_number": _(
                    "Say who verifies: the account, or the corporate number of the body."
                )
            }
        )
    refuse_broken(appointments(Q(pk=None), Q(pk=review.pk)))


def _cases_of(review: Review) -> set[int]:
    """The projects by which somebody verifies here: the review's own, or all of its system."""
    if review.project_id is not None:
        return {review.project_id}
    return set(Project.objects.filter(systems=review.system_id).values_list("pk", flat=True))


def refuse_dependent_writer(act: Act, obj: models.Model) -> None:
    """Raise DomainError where a verifier writes whose account somebody inside has, or may have, in
    their hands. Cost: nothing for others; for a verifier ten queries and one a tie."""
    review = obj.review if isinstance(obj, Finding) else obj
    user: Any = act.user
    if user is None or not isinstance(review, Review):
        return
    held = {one.project_id for one in rights_of(user).held if one.role is Role.VERIFIER}
    if not held or review.review_type.layer != ReviewLayer.THIRD_PARTY:
        return
    found = [Appointment(pk, None, user) for pk in _cases_of(review) & held]
    if not found:
        return
    if review.system_id is not None:
        # Whoever runs the system is verified too, also where the project is another's.
        found.append(Appointment(None, review.system_id, user))
    people = _posts_of({user.pk, *tied_to([user.pk])})
    facts = _facts(found, {user.pk: [post for posts in people.values() for post in posts]})
    if any(conflicts(facts.subject(one), facts.verifier(one)) for one in found):
        raise DomainError(
            _(
                "A verifier stands outside: you, or somebody who had your account in their hands,"
                " belong to what is verified. Confirm your own identity first."
            )
        )
