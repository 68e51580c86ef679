"""What waits for one person: the figures of the page "My work".

Every section is read in one query or two, however many projects there are, and follows from the
rights of the reader alone: whoever may file sees what is owed, whoever may approve sees what
waits, whoever supervises sees who has not reported.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from governance import drafts
from governance.access import Action, Reach, Resource, rights_of
from governance.models import Draft, RoleRequest, User
from projects.metrics.periods import last_ended_fiscal_year, month_of, next_month
from projects.metrics.risk.monthly_reports import due_on
from projects.models import (
    Baseline,
    ChangeRequest,
    Finding,
    FlagMute,
    MonthlyUpdate,
    Project,
    Review,
    RiskFlag,
    System,
    YearRollup,
)
from projects.models.choices import (
    FILED_STATES,
    FlagSeverity,
    RequestState,
    SystemStatus,
    UpdateState,
)
from projects.models.review import LAYER_RESOURCES
from projects.selectors import is_late, owes_report
from projects.services import changes
from projects.services.role_requests import waiting_for

# Rows of a section; the rest is one link away.
SHOWN = 20
FLAGS_SHOWN = 10
# A report is asked for from this many days before the end of its month.
EARLY = timedelta(days=5)


class Status(StrEnum):
    """How a report that is owed stands."""

    LATE = "late"
    RETURNED = "returned"
    DUE = "due"


@dataclass(frozen=True, slots=True)
class Owed:
    """A report that somebody owes: of which project and month, by when, and how far it is."""

    project: Project
    period: date
    due: date
    status: Status
    is_begun: bool
    return_reason: str = ""


@dataclass(frozen=True, slots=True)
class ByAgency:
    """Reports of one month in an agency: how many are owed, in, approved, and who has none."""

    agency_id: int
    owed: int
    filed: int
    settled: int
    late: int


@dataclass(slots=True)
class Work:
    """Everything on the page; a section that the reader has no part in is None."""

    period: date
    due: date
    owed: list[Owed] | None = None
    to_approve: list[MonthlyUpdate] | None = None
    to_decide: list[Baseline] = field(default_factory=list)
    changes: list[ChangeRequest] = field(default_factory=list)
    asked: list[ChangeRequest] = field(default_factory=list)
    mutes: list[FlagMute] = field(default_factory=list)
    roles: list[RoleRequest] = field(default_factory=list)
    to_publish: list[MonthlyUpdate] | None = None
    missing_reports: list[Project] | None = None
    by_agency: list[ByAgency] | None = None
    unsettled: list[System] | None = None
    unsettled_total: int = 0
    settled_year: int = 0
    cases: list[Review] | None = None
    findings: list[Finding] | None = None
    flags: list[RiskFlag] | None = None
    drafts: list[Draft] = field(default_factory=list)

    @property
    def is_clear(self) -> bool:
        """Whether nothing at all waits."""
        return not any(
            (
                self.owed,
                self.to_approve,
                self.to_decide,
                self.changes,
                self.mutes,
                self.roles,
                self.to_publish,
                self.missing_reports,
                self.unsettled,
                self.cases,
                self.findings,
                self.flags,
                self.drafts,
            )
        )


def _within(reach: Reach, agency: str, project: str) -> Q | None:
    """Rows that a reach covers; None for no row at all."""
    if reach.everything:
        return Q()
    inside = Q()
    if reach.agency_ids:
        inside |= Q(**{f"{agency}__in": reach.agency_ids})
    if reach.project_ids:
        inside |= Q(**{f"{project}__in": reach.project_ids})
    return inside or None


def owed_month(as_of: date, due_day: int) -> tuple[date, date]:
    """The month whose report is asked for now, and when it is due.

    From a few days before a month ends its report may be written; before that, the one before.
    """
    period = month_of(month_of(as_of) - timedelta(days=1))
    if next_month(as_of) - as_of <= EARLY:
        period = month_of(as_of)
    return period, due_on(period, due_day)


def owed_reports(user: Any, as_of: date, due_day: int) -> list[Owed] | None:
    """Reports that `user` may file and has not: returned ones first, then by due day.

    Of each project the oldest month that is owed. Cost: two queries.
    """
    inside = _within(rights_of(user).reach(Resource.UPDATE, Action.SUBMIT), "agency_id", "pk")
    if inside is None:
        return None
    period, _due = owed_month(as_of, due_day)
    latest = MonthlyUpdate.objects.filter(project=OuterRef("pk"), state__in=FILED_STATES).order_by(
        "-period"
    )
    projects: QuerySet[Any] = (
        Project.objects.filter(inside)
        .filter(owes_report(period, as_of))
        .annotate(latest_filed=Subquery(latest.values("period")[:1]))
        .order_by("code")
    )
    found = list(projects)
    begun: dict[int, list[MonthlyUpdate]] = {}
    for update in MonthlyUpdate.objects.filter(
        project__in=[p.pk for p in found], state__in=[UpdateState.DRAFT, UpdateState.RETURNED]
    ).order_by("period"):
        begun.setdefault(update.project_id, []).append(update)
    owed = [item for project in found for item in _of(project, begun, period, due_day, as_of)]
    rank = {status: number for number, status in enumerate(Status)}
    return sorted(owed, key=lambda item: (rank[item.status], item.due, item.project.code))


def _of(
    project: Any,
    begun: dict[int, list[MonthlyUpdate]],
    period: date,
    due_day: int,
    as_of: date,
) -> Iterator[Owed]:
    """What one project owes: what came back, and the next month that was not handed in."""
    is_told = False
    for update in begun.get(project.pk, []):
        if update.state == UpdateState.RETURNED:
            is_told = True
            yield Owed(
                project,
                update.period,
                due_on(update.period, due_day),
                Status.RETURNED,
                is_begun=True,
                return_reason=update.return_reason,
            )
    month = period
    if project.latest_filed is not None:
        month = next_month(project.latest_filed)
    elif project.started_on is not None:
        month = min(period, max(month_of(project.started_on), _year_before(period)))
    if month > period or (is_told and month == period):
        return
    if any(
        u.period == month and u.state == UpdateState.RETURNED for u in begun.get(project.pk, [])
    ):
        return
    due = due_on(month, due_day)
    yield Owed(
        project,
        month,
        due,
        Status.LATE if due < as_of else Status.DUE,
        is_begun=any(update.period == month for update in begun.get(project.pk, [])),
    )


def _year_before(period: date) -> date:
    return period.replace(year=period.year - 1)


def _to_approve(user: Any) -> list[MonthlyUpdate] | None:
    inside = _within(
        rights_of(user).reach(Resource.UPDATE, Action.APPROVE), "project__agency_id", "project_id"
    )
    if inside is None:
        return None
    return list(
        MonthlyUpdate.objects.filter(inside, state=UpdateState.SUBMITTED)
        .exclude(submitted_by=user)
        .select_related("project", "submitted_by")
        .order_by("submitted_at")[: SHOWN + 1]
    )


def _plans(user: Any) -> list[Baseline]:
    """Plans that wait for the reader's decision. Cost: one query."""
    inside = _within(
        rights_of(user).reach(Resource.BASELINE, Action.APPROVE), "project__agency_id", "project_id"
    )
    if inside is None:
        return []
    return list(
        Baseline.objects.filter(inside, state=RequestState.REQUESTED)
        .exclude(requested_by=user)
        .select_related("project", "requested_by")
        .order_by("requested_at")[: SHOWN + 1]
    )


def _asked(user: Any) -> list[ChangeRequest]:
    """What the reader asked for and nobody has decided yet. Cost: one query."""
    rows = ChangeRequest.objects.filter(requested_by=user, state=RequestState.REQUESTED)
    return list(rows.select_related("requested_by").order_by("requested_at", "pk")[: SHOWN + 1])


def _mutes(user: Any) -> list[FlagMute]:
    """Mutings of open flags that wait for the reader's decision. Cost: one query."""
    if not rights_of(user).reach(Resource.FLAG, Action.APPROVE):
        return []
    return list(
        FlagMute.objects.visible_to(user, Action.APPROVE)
        .filter(state=RequestState.REQUESTED, flag__closed_on__isnull=True)
        .exclude(requested_by=user)
        .select_related(
            "requested_by",
            "flag__system",
            "flag__project",
            "flag__contract",
            "flag__review__review_type",
        )
        .order_by("requested_at")[: SHOWN + 1]
    )


def _to_publish(user: Any) -> list[MonthlyUpdate] | None:
    inside = _within(
        rights_of(user).reach(Resource.PUBLICATION, Action.APPROVE),
        "project__agency_id",
        "project_id",
    )
    if inside is None:
        return None
    return list(
        MonthlyUpdate.objects.filter(inside, state=UpdateState.APPROVED)
        .select_related("project")
        .order_by("-period", "approved_at")[: SHOWN + 1]
    )


def _missing(user: Any, period: date, as_of: date) -> list[Project] | None:
    """Who has not reported, for those who read more than their own projects. Cost: one query."""
    reach = rights_of(user).reach(Resource.UPDATE, Action.READ)
    if not reach.everything and not reach.agency_ids:
        return None
    inside = Q() if reach.everything else Q(agency__in=reach.agency_ids)
    late = Project.objects.filter(inside).filter(is_late(period, as_of))
    return list(late.select_related("agency").order_by("agency__order", "code")[: SHOWN + 1])


def _by_agency(user: Any, period: date, as_of: date) -> list[ByAgency] | None:
    """Reports of the month by agency, for those who read several. Cost: one query."""
    reach = rights_of(user).reach(Resource.UPDATE, Action.READ)
    if not reach.everything and len(reach.agency_ids) < 2:
        return None
    inside = _within(reach, "agency_id", "pk") or Q()
    filed = Q(updates__period=period, updates__state__in=FILED_STATES)
    settled = Q(
        updates__period=period,
        updates__state__in=[UpdateState.APPROVED, UpdateState.PUBLISHED],
    )
    rows = (
        Project.objects.filter(inside)
        .filter(owes_report(period, as_of))
        .order_by()
        .values_list("agency_id")
        .annotate(
            owed=Count("pk", distinct=True),
            filed=Count("pk", filter=filed, distinct=True),
            settled=Count("pk", filter=settled, distinct=True),
        )
        .order_by("agency__order")
    )
    return [ByAgency(a, owed, filed, done, owed - filed) for a, owed, filed, done in rows]


def _unsettled(user: Any, as_of: date) -> tuple[list[System] | None, int, int]:
    """Systems in operation without an executed figure of the last settled year, for those who file
    it. Cost: two queries."""
    year = last_ended_fiscal_year(as_of, days_before=60)
    inside = _within(
        rights_of(user).reach(Resource.EXECUTION, Action.CREATE), "agency_id", "projects"
    )
    if inside is None:
        return None, 0, year
    known = YearRollup.objects.filter(
        system__isnull=False, fiscal_year=year, executed__isnull=False
    ).values("system_id")
    rows = (
        System.objects.filter(inside, status__in=[SystemStatus.OPERATING, SystemStatus.RENEWING])
        .exclude(pk__in=known)
        .order_by("system_id")
        .distinct()
    )
    found = list(rows[: SHOWN + 1])
    return found, rows.count() if len(found) > SHOWN else len(found), year


def _cases(user: Any, as_of: date) -> tuple[list[Review] | None, list[Finding] | None]:
    """Reviews that wait for their reviewer, and findings past their day. Cost: two queries."""
    reach = rights_of(user).reach(Resource.VERIFICATION, Action.SUBMIT)
    if not reach:
        return None, None
    inside = _within(reach, "project__agency_id", "project_id") or Q()
    reviews = list(
        Review.objects.filter(inside, is_complete=False)
        .select_related("project", "system", "review_type")
        .order_by("due_on", "pk")[: SHOWN + 1]
    )
    below = _within(reach, "review__project__agency_id", "review__project_id") or Q()
    findings = list(
        Finding.objects.filter(below, accepted_on__isnull=True)
        .select_related("review__review_type", "review__project")
        .order_by("due_on", "pk")[: SHOWN + 1]
    )
    return reviews, findings


_GRAVE: dict[str, int] = {
    FlagSeverity.HIGH: 0,
    FlagSeverity.MEDIUM: 1,
    FlagSeverity.LOW: 2,
    FlagSeverity.UNKNOWN: 3,
}


# What has to be written for a flag of a rule to clear: whose work that is.
_CLEARED_BY: dict[str, tuple[tuple[Resource, Action], ...]] = {
    "late_report": ((Resource.UPDATE, Action.SUBMIT), (Resource.UPDATE, Action.APPROVE)),
    "single_bidder": ((Resource.CONTRACT, Action.EDIT),),
    "low_online_use": ((Resource.SERVICE, Action.EDIT),),
    "execution_rate": ((Resource.EXECUTION, Action.EDIT), (Resource.BUDGET, Action.EDIT)),
    "cost_growth": ((Resource.EXECUTION, Action.EDIT), (Resource.BUDGET, Action.EDIT)),
    "review_overdue": tuple((resource, Action.SUBMIT) for _layer, resource in LAYER_RESOURCES),
    "finding_overdue": tuple((resource, Action.EDIT) for _layer, resource in LAYER_RESOURCES),
    **dict.fromkeys(
        ("cost_overrun", "schedule_slip", "zero_variance"), ((Resource.UPDATE, Action.SUBMIT),)
    ),
    **dict.fromkeys(("baseline_growth", "rebaselined"), ((Resource.BASELINE, Action.EDIT),)),
    **dict.fromkeys(
        ("kpi_off_target", "no_outcome", "bcr_below_one", "benefit_shortfall"),
        ((Resource.KPI, Action.EDIT),),
    ),
    "carry_over": ((Resource.EXECUTION, Action.EDIT),),
    "unused_budget": ((Resource.EXECUTION, Action.EDIT),),
    "unit_cost_outlier": ((Resource.EXECUTION, Action.EDIT), (Resource.SERVICE, Action.EDIT)),
    **dict.fromkeys(
        ("year_end_spending", "vendor_concentration"), ((Resource.CONTRACT, Action.EDIT),)
    ),
    **dict.fromkeys(
        (
            "ageing_system",
            "conformity_gap",
            "security_test_overdue",
            "continuity_test_overdue",
        ),
        ((Resource.SYSTEM, Action.EDIT),),
    ),
    "missing_roles": ((Resource.PROJECT, Action.EDIT),),
}


def _flags(user: Any, as_of: date) -> list[RiskFlag] | None:
    """Open flags that what the reader may write can clear, the gravest first. Cost: one query."""
    rights = rights_of(user)
    mine = Q()
    for rule_id, ways in _CLEARED_BY.items():
        reaches = [rights.reach(resource, action) for resource, action in ways]
        agencies = set().union(*(reach.agency_ids for reach in reaches))
        projects = set().union(*(reach.project_ids for reach in reaches))
        if agencies:
            mine |= Q(rule_id=rule_id, agency__in=agencies)
        if projects:
            inside = Q(project__in=projects) | Q(contract__project__in=projects)
            inside |= Q(review__project__in=projects) | Q(
                system__in=System.objects.filter(projects__in=projects).values("pk")
            )
            mine |= Q(rule_id=rule_id) & inside
    if not mine or not rights.reach(Resource.FLAG, Action.READ):
        return None
    rows = (
        RiskFlag.objects.filter(mine, closed_on__isnull=True)
        .exclude(severity__in=[FlagSeverity.UNKNOWN, FlagSeverity.LOW])
        .exclude(muted_on__lte=as_of, muted_until__gte=as_of)
        .select_related(
            "system",
            "project",
            "contract",
            "review__review_type",
            "review__system",
            "review__project",
        )
        .order_by("severity", "opened_on", "pk")
    )
    return sorted(rows[:FLAGS_SHOWN], key=lambda flag: (_GRAVE[flag.severity], flag.opened_on))


def work_of(user: User, as_of: date, due_day: int) -> Work:
    """Everything that waits for `user` on a day. Cost: at most one or two queries a section."""
    period, due = owed_month(as_of, due_day)
    late_period = period if due < as_of else month_of(period - timedelta(days=1))
    work = Work(period=period, due=due)
    work.owed = owed_reports(user, as_of, due_day)
    work.to_approve = _to_approve(user)
    work.to_decide = _plans(user)
    work.changes = changes.waiting_for(user, SHOWN + 1)
    work.asked = _asked(user)
    work.mutes = _mutes(user)
    work.roles = waiting_for(user, as_of)
    work.to_publish = _to_publish(user)
    work.missing_reports = _missing(user, late_period, as_of)
    work.by_agency = _by_agency(user, late_period, as_of)
    work.unsettled, work.unsettled_total, work.settled_year = _unsettled(user, as_of)
    work.cases, work.findings = _cases(user, as_of)
    work.flags = _flags(user, as_of)
    work.drafts = list(Draft.objects.filter(user=user)[: drafts.MOST])
    return work
