"""One account a role, so that a demonstration can be looked at through everybody's eyes."""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain

from django.contrib.auth.hashers import make_password
from django.db import models, transaction
from django.db.models import Case, Count, QuerySet, Value, When

from governance import audit
from governance.access import Role
from governance.audit import Act
from governance.models import Agency, Membership, User
from projects.models import Project
from projects.models.choices import REPORTING_PHASES, ReviewLayer


class Place(enum.Enum):
    """Where a role is held."""

    GOVERNMENT = "government"
    AGENCY = "agency"
    PROJECT = "project"
    CASE = "case"


@dataclass(frozen=True, slots=True)
class AccountSpec:
    username: str
    role: Role
    display_name: str
    place: Place


ACCOUNTS = (
    AccountSpec("cio", Role.CIO_OFFICE, "架空 一郎（政府CIO室）", Place.GOVERNMENT),
    # A second person, who agrees to what binds the whole government.
    AccountSpec("cio2", Role.CIO_OFFICE, "架空 十一（政府CIO室）", Place.GOVERNMENT),
    AccountSpec("advisor", Role.ADVISOR, "架空 二葉（政府CIO補佐官）", Place.GOVERNMENT),
    AccountSpec("mcio", Role.MINISTRY_CIO, "架空 三郎（府省CIO）", Place.AGENCY),
    AccountSpec("pmo", Role.PMO, "架空 四季（PMO）", Place.AGENCY),
    AccountSpec("pjmo", Role.PJMO, "架空 五月（PJMO）", Place.PROJECT),
    AccountSpec("accounting", Role.ACCOUNTING, "架空 六実（会計）", Place.AGENCY),
    AccountSpec("hr", Role.HR, "架空 七海（人事）", Place.AGENCY),
    AccountSpec("pr", Role.PUBLIC_RELATIONS, "架空 八重（広報）", Place.AGENCY),
    AccountSpec("verifier", Role.VERIFIER, "架空 九（第三者検証者）", Place.CASE),
    AccountSpec("auditor", Role.AUDITOR, "架空 十和（監査）", Place.GOVERNMENT),
)


@dataclass(frozen=True, slots=True)
class Account:
    """One account that was made, and where its role holds ("" for the whole government)."""

    spec: AccountSpec
    place: str


@dataclass(frozen=True, slots=True)
class Made:
    """What `make_accounts` did; `homeless` roles found no agency or project to work in."""

    accounts: tuple[Account, ...]
    existing: tuple[str, ...]
    homeless: tuple[str, ...]


def _agency() -> Agency | None:
    """The agency with the most systems."""
    return Agency.objects.annotate(size=Count("systems")).order_by("-size", "order", "code").first()


def _first_here(projects: QuerySet[Project], agency: Agency | None) -> Project | None:
    """The first project by code, of that agency if it has one."""
    if agency is None:
        return projects.order_by("code").first()
    elsewhere = Case(
        When(agency=agency, then=Value(0)), default=Value(1), output_field=models.IntegerField()
    )
    return projects.order_by(elsewhere, "code").first()


def _project(agency: Agency | None) -> Project | None:
    """A project that owes monthly reports, or any."""
    reporting = Project.objects.filter(phase__in=REPORTING_PHASES)
    return _first_here(reporting, agency) or _first_here(Project.objects.all(), agency)


def _case(agency: Agency | None) -> Project | None:
    """A project under third-party verification, or any."""
    verified = Project.objects.filter(
        pk__in=Project.objects.filter(
            reviews__review_type__layer=ReviewLayer.THIRD_PARTY, reviews__is_complete=False
        ).values("pk")
    )
    return _first_here(verified, agency) or _project(agency)


@transaction.atomic
def make_accounts(act: Act, password: Callable[[], str]) -> Made:
    """Make the accounts that do not exist yet, in the agency with the most systems.

    `password` is asked for only if there is an account to make. Existing accounts keep password
    and roles. Audited as one "accounts.created" with the user names.
    """
    existing = set(
        User.objects.filter(username__in=[spec.username for spec in ACCOUNTS]).values_list(
            "username", flat=True
        )
    )
    agency = _agency()
    project, case = _project(agency), _case(agency)
    made: list[Account] = []
    homeless: list[str] = []
    users: list[int] = []
    memberships: list[int] = []
    encoded = ""
    for spec in ACCOUNTS:
        if spec.username in existing:
            continue
        home = {Place.AGENCY: agency, Place.PROJECT: project, Place.CASE: case}.get(spec.place)
        if home is None and spec.place is not Place.GOVERNMENT:
            homeless.append(spec.username)
            continue
        # One demonstration, one password: it is hashed once.
        encoded = encoded or make_password(password())
        user = User.objects.create(
            username=spec.username, display_name=spec.display_name, password=encoded
        )
        membership = Membership.objects.create(
            user=user,
            role=spec.role,
            agency=home if isinstance(home, Agency) else None,
            project=home if isinstance(home, Project) else None,
            is_head=spec.role == Role.MINISTRY_CIO,
            updated_at=act.at,
        )
        users.append(user.pk)
        memberships.append(membership.pk)
        made.append(Account(spec, "" if home is None else str(home)))
    if made:
        audit.record(
            act,
            "accounts.created",
            object_type="user",
            object_key="demo",
            after={"usernames": [account.spec.username for account in made]},
            wrote=chain(
                audit.stored(User, users),
                audit.stored(Membership, memberships),
                audit.credentials.stored(users),
            ),
        )
    ordered = tuple(spec.username for spec in ACCOUNTS if spec.username in existing)
    return Made(tuple(made), ordered, tuple(homeless))
