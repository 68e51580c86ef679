"""Reads that pages, exports and commands share: what a reader may see, narrowed as asked.

Everything is a queryset until the last step, so that a figure costs one statement however many
systems stand behind it. `Selection` gives, for one reader, one set of criteria and one day, the
rows of each kind; a criterion only ever takes rows away, so no total can rise by adding one.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from django.db import models
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance.access import Action, Reach, Resource, rights_of
from governance.models import Agency, Target
from governance.querysets import ScopedQuerySet
from projects.metrics.periods import fiscal_year_of, last_ended_fiscal_year, month_of, next_month
from projects.metrics.risk.monthly_reports import due_on
from projects.models import (
    Contract,
    ImportRun,
    KpiValue,
    MonthlyUpdate,
    Project,
    Review,
    RiskFlag,
    Service,
    ServiceRollup,
    ServiceYear,
    System,
    SystemClass,
    YearRollup,
)
from projects.models.choices import (
    COMPETITIVE_METHODS,
    FILED_STATES,
    REPORTING_PHASES,
    FlagSeverity,
    KpiKind,
    OnlineStatus,
    SystemStatus,
)

SEVERITIES = (FlagSeverity.HIGH, FlagSeverity.MEDIUM, FlagSeverity.LOW, FlagSeverity.UNKNOWN)
ENDED_STATUSES = (SystemStatus.MERGED, SystemStatus.RETIRED)
BULK_CLASS = "programme"
"""Code of the system class of bulk budget programmes."""
SYSTEMS_TARGET = "systems-reduction"


class SizeBand(models.TextChoices):
    """What a system cost in the year: what it spent, or the budget available where that is all
    that is known. The bands of the Ministry of Finance's budget execution survey of 2024."""

    HUGE = "100oku", _("10 billion yen or more (100億円以上)")
    LARGE = "10oku", _("1 to 10 billion yen (10億～100億円)")
    MIDDLE = "1oku", _("0.1 to 1 billion yen (1億～10億円)")
    SMALL = "small", _("below 0.1 billion yen (1億円未満)")


_BANDS: Mapping[str, tuple[int, int | None]] = {
    SizeBand.HUGE: (10**10, None),
    SizeBand.LARGE: (10**9, 10**10),
    SizeBand.MIDDLE: (10**8, 10**9),
    SizeBand.SMALL: (0, 10**8),
}


class Rows(Protocol):
    """Which rows somebody reads."""

    def __call__(self, model: type[models.Model]) -> ScopedQuerySet[Any]: ...

    @property
    def reads_whole_agencies(self) -> bool:
        """Whether services are read an agency at a time, so that their rollups fit."""

    def reach(self, resource: Resource) -> Reach:
        """The part of the government of which they read a resource."""


@dataclass(frozen=True, slots=True)
class Visible:
    """The rows that `user` may read."""

    user: Any

    def __call__(self, model: type[models.Model]) -> ScopedQuerySet[Any]:
        rows: ScopedQuerySet[Any] = model._default_manager.all()  # type: ignore[assignment]
        return rows.visible_to(self.user)

    def reach(self, resource: Resource) -> Reach:
        return rights_of(self.user).reach(resource, Action.READ)

    @property
    def reads_whole_agencies(self) -> bool:
        return not rights_of(self.user).reach(Resource.SERVICE, Action.READ).project_ids

    @property
    def reads_everything(self) -> bool:
        return rights_of(self.user).reach(Resource.SYSTEM, Action.READ).everything

    @property
    def reads_projects_only(self) -> bool:
        """Whether the reader sees projects one by one and no agency as a whole."""
        reach = rights_of(self.user).reach(Resource.SYSTEM, Action.READ)
        return not reach.everything and not reach.agency_ids

    def agencies(self) -> frozenset[int]:
        """Agencies of whose cost and systems the reader sees anything; meaningless for a reader
        of everything."""
        rights = rights_of(self.user)
        found: set[int] = set()
        for resource in (Resource.SYSTEM, Resource.BUDGET):
            reach = rights.reach(resource, Action.READ)
            found |= reach.agency_ids
            for held in rights.held:
                if held.project_id in reach.project_ids and held.project_agency_id is not None:
                    found.add(held.project_agency_id)
        return frozenset(found)

    def reads_any_of(self, agency_ids: frozenset[int]) -> bool:
        return self.reads_everything or bool(self.agencies() & agency_ids)


@dataclass(frozen=True, slots=True)
class WholeRegister:
    """Every row: for commands that run on the machine itself, never for a request."""

    reads_whole_agencies: bool = True

    def reach(self, resource: Resource) -> Reach:
        return Reach(everything=True)

    reads_everything: bool = True

    def __call__(self, model: type[models.Model]) -> ScopedQuerySet[Any]:
        return model._default_manager.all()  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Criteria:
    """What a reader narrows a portfolio to; an empty field asks for nothing.

    `agency_ids` holds an agency with those below it. `fiscal_year` is the year of yearly figures
    rather than a filter: it also narrows contracts and reviews to that year. Class, status, size
    and text speak about systems: a project, service, contract, review or flag stays if it hangs
    on a system that stays. Rule and severity keep what an open flag of that kind stands on.
    """

    agency_ids: frozenset[int] | None = None
    fiscal_year: int | None = None
    system_class: str = ""
    status: str = ""
    size: str = ""
    text: str = ""
    rule_id: str = ""
    severity: str = ""

    @property
    def is_about_systems(self) -> bool:
        return bool(self.system_class or self.status or self.size or self.text)

    @property
    def is_about_flags(self) -> bool:
        return bool(self.rule_id or self.severity)

    @property
    def is_partial(self) -> bool:
        """Whether anything but the year is asked for."""
        return self.agency_ids is not None or self.is_about_systems or self.is_about_flags


def end_of(day: date) -> datetime:
    """The first moment after `day`, in the site's time zone."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def latest_due_period(as_of: date, due_day: int) -> date:
    """The latest month (its first day) whose report should have come in before `as_of`.

    A report is late from the day after it fell due, as the rule `late_report` counts it.
    """
    period = month_of(month_of(as_of) - timedelta(days=1))
    while due_on(period, due_day) >= as_of:
        period = month_of(period - timedelta(days=1))
    return period


# Agencies and classes -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgencyTree:
    """All agencies in establishment order, with the tree that they form."""

    by_id: Mapping[int, Agency] = field(default_factory=dict)

    @classmethod
    def of(cls, agencies: Iterable[Agency]) -> "AgencyTree":
        return cls({agency.pk: agency for agency in agencies})

    def find(self, code: str) -> Agency | None:
        return next((agency for agency in self.by_id.values() if agency.code == code), None)

    def by_code(self, code: str) -> Agency:
        """The agency of that code. Raises KeyError."""
        agency = self.find(code)
        if agency is None:
            raise KeyError(code)
        return agency

    def below(self, agency: Agency) -> frozenset[int]:
        """The ids of `agency` and of every agency below it."""
        found = {agency.pk}
        grown = True
        while grown:
            more = {pk for pk, row in self.by_id.items() if row.parent_id in found} - found
            found |= more
            grown = bool(more)
        return frozenset(found)

    def depth(self, agency: Agency) -> int:
        """How many agencies stand above; 0 for a ministry."""
        depth, parent_id = 0, agency.parent_id
        while parent_id is not None and parent_id in self.by_id and depth < len(self.by_id):
            depth, parent_id = depth + 1, self.by_id[parent_id].parent_id
        return depth


def agency_tree(rows: Rows) -> AgencyTree:
    """The agencies a reader knows of, past ones included. Cost: one query."""
    return AgencyTree.of(rows(Agency).order_by("order", "code"))


def system_classes(rows: Rows) -> list[SystemClass]:
    """The classes of systems, past ones included. Cost: one query."""
    return list(rows(SystemClass).order_by("order", "code"))


# The selection ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows of each kind that a reader sees under some criteria on a day. Queries nothing."""

    rows: Rows
    criteria: Criteria
    as_of: date

    @property
    def last_year(self) -> int:
        """The fiscal year that `as_of` lies in: later years are plans and left out."""
        return fiscal_year_of(self.as_of)

    # Flags first: other kinds refer to them.

    def open_flags(self) -> QuerySet[RiskFlag]:
        """Every flag a reader sees that stood open on the day and was not muted, whatever the
        criteria."""
        return self.standing_flags().exclude(muted_on__lte=self.as_of, muted_until__gte=self.as_of)

    def standing_flags(self) -> QuerySet[RiskFlag]:
        """The same with those that are muted."""
        flags: QuerySet[RiskFlag] = self.rows(RiskFlag)
        return flags.filter(
            Q(closed_on__isnull=True) | Q(closed_on__gt=self.as_of), opened_on__lte=self.as_of
        )

    def _asked_flags(self) -> QuerySet[RiskFlag]:
        """Open flags of the rule and severity asked for, on anything."""
        flags = self.open_flags()
        if self.criteria.rule_id:
            flags = flags.filter(rule_id=self.criteria.rule_id)
        if self.criteria.severity:
            flags = flags.filter(severity=self.criteria.severity)
        return flags

    def flags(self) -> QuerySet[RiskFlag]:
        flags = self._in_agencies(self._asked_flags())
        if self.criteria.is_about_systems:
            systems, projects = self._systems_alike(), self._projects_alike()
            flags = flags.filter(
                Q(system__in=systems)
                | Q(contract__system__in=systems)
                | Q(review__system__in=systems)
                | Q(project__in=projects)
                | Q(contract__project__in=projects)
                | Q(review__project__in=projects)
            )
        return flags

    def systems(self) -> QuerySet[System]:
        systems = self._in_agencies(self._systems_alike())
        if self.criteria.is_about_flags:
            systems = systems.filter(flagged_systems(self._asked_flags()))
        return systems

    def projects(self) -> QuerySet[Project]:
        projects = self._in_agencies(self._projects_alike())
        if self.criteria.is_about_flags:
            projects = projects.filter(flagged_projects(self._asked_flags()))
        return projects

    def reads_reports(self) -> Q:
        """Projects of whose monthly reports the reader may read: whether one came in is what a
        report tells."""
        return reports_read(self.rows.reach(Resource.UPDATE))

    def services(self) -> QuerySet[Service]:
        services: QuerySet[Service] = self._in_agencies(self.rows(Service))
        if self._is_by_system:
            services = services.filter(pk__in=self._services_on(self._systems_anywhere()))
        return services

    def contracts(self) -> QuerySet[Contract]:
        """Contracts signed by the day; of one year only if the criteria name it."""
        contracts: QuerySet[Contract] = self._in_agencies(self.rows(Contract)).filter(
            Q(signed_on__lte=self.as_of)
            | Q(signed_on__isnull=True)
            & (Q(fiscal_year__isnull=True) | Q(fiscal_year__lte=self.last_year))
        )
        if self.criteria.fiscal_year is not None:
            contracts = contracts.filter(fiscal_year=self.criteria.fiscal_year)
        return self._hanging_on(contracts, "contract_id")

    def reviews(self) -> QuerySet[Review]:
        """Reviews of fiscal years up to the day; of one year only if the criteria name it."""
        reviews: QuerySet[Review] = self.rows(Review).filter(fiscal_year__lte=self.last_year)
        if self.criteria.agency_ids is not None:
            reviews = reviews.filter(
                Q(system__agency_id__in=self.criteria.agency_ids)
                | Q(project__agency_id__in=self.criteria.agency_ids)
            )
        if self.criteria.fiscal_year is not None:
            reviews = reviews.filter(fiscal_year=self.criteria.fiscal_year)
        return self._hanging_on(reviews, "review_id")

    def rollups(self) -> QuerySet[YearRollup]:
        """Yearly figures up to the day's fiscal year, of every holder that stays."""
        rollups: QuerySet[YearRollup] = self._in_agencies(self.rows(YearRollup)).filter(
            fiscal_year__lte=self.last_year
        )
        if self._is_by_system:
            rollups = rollups.filter(
                Q(system__in=self.systems().values("pk"))
                | Q(project__in=self.projects().values("pk"))
            )
        return rollups

    def known_years(self) -> QuerySet[YearRollup]:
        """Rollups with executed yen up to the day's fiscal year, whatever the criteria."""
        rollups: QuerySet[YearRollup] = self.rows(YearRollup)
        return rollups.filter(executed__isnull=False, fiscal_year__lte=self.last_year)

    def default_year_of_all(self) -> Coalesce:
        """Over `known_years`: the latest fiscal year that is over, else the latest. It depends
        on the reader and the day alone: a filter never changes the year a page is about."""
        over = Q(fiscal_year__lte=last_ended_fiscal_year(self.as_of))
        return Coalesce(Max("fiscal_year", filter=over), Max("fiscal_year"))

    def service_rollups(self) -> QuerySet[ServiceRollup]:
        """For each agency the latest year with counted services, or the year asked for."""
        return self._in_agencies(self.rows(ServiceRollup)).filter(self._counted_year())

    def service_years(self) -> QuerySet[ServiceYear]:
        """The same base as `service_rollups`, a service each: for parts of an agency."""
        year: Any = self.criteria.fiscal_year
        if year is None:
            year = Subquery(
                ServiceRollup.objects.filter(
                    self._counted_year(), agency=OuterRef("service__agency")
                ).values("fiscal_year")[:1]
            )
        years: QuerySet[ServiceYear] = self.rows(ServiceYear)
        return years.filter(
            service__in=self.services().values("pk"),
            service__online_status=OnlineStatus.AVAILABLE,
            cases__isnull=False,
            online_cases__isnull=False,
            fiscal_year=year,
        )

    @property
    def has_service_rollups(self) -> bool:
        """Whether the selection takes whole agencies, for which rollups are kept."""
        return self.rows.reads_whole_agencies and not self._is_by_system

    def targets(self) -> QuerySet[Target]:
        """The national target for the number of systems; it fits the whole government only."""
        targets: QuerySet[Target] = self.rows(Target)
        if self.criteria.is_partial or not getattr(self.rows, "reads_everything", False):
            return targets.none()
        return targets.filter(code=SYSTEMS_TARGET, agency__isnull=True)

    # Parts

    @property
    def _is_by_system(self) -> bool:
        return self.criteria.is_about_systems or self.criteria.is_about_flags

    def _counted_year(self) -> Q:
        """Conditions on ServiceRollup."""
        counted = Q(services_measured__gt=0)
        if self.criteria.fiscal_year is not None:
            return counted & Q(fiscal_year=self.criteria.fiscal_year)
        later = ServiceRollup.objects.filter(
            counted,
            agency=OuterRef("agency"),
            fiscal_year__gt=OuterRef("fiscal_year"),
            fiscal_year__lte=self.last_year,
        )
        return counted & Q(fiscal_year__lte=self.last_year) & ~Q(Exists(later))

    def _in_agencies(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.criteria.agency_ids is None:
            return queryset
        return queryset.filter(agency_id__in=self.criteria.agency_ids)

    def _systems_alike(self) -> QuerySet[System]:
        """Systems of any agency that fit class, status, size and text."""
        criteria = self.criteria
        systems: QuerySet[System] = self.rows(System)
        if criteria.system_class:
            systems = systems.filter(system_class__code=criteria.system_class)
        if criteria.status:
            systems = systems.filter(status=criteria.status)
        if criteria.text:
            systems = systems.filter(
                Q(system_id__icontains=criteria.text)
                | Q(name__icontains=criteria.text)
                | Q(name_en__icontains=criteria.text)
            )
        if criteria.size:
            systems = systems.filter(pk__in=self._of_size(criteria.size))
        return systems

    def _systems_anywhere(self) -> QuerySet[System]:
        systems = self._systems_alike()
        if self.criteria.is_about_flags:
            systems = systems.filter(flagged_systems(self._asked_flags()))
        return systems

    def _of_size(self, size: str) -> QuerySet[Any, Any]:
        least, below = _BANDS[size]
        year: Any = self.criteria.fiscal_year
        if year is None:
            known = self.known_years().order_by().values(all_rows=Value(1))
            year = Subquery(known.annotate(year=self.default_year_of_all()).values("year"))
        sized = (
            YearRollup.objects.filter(system__isnull=False, fiscal_year=year)
            .annotate(size=Coalesce(spent(), F("available")))
            .filter(size__gte=least)
        )
        if below is not None:
            sized = sized.filter(size__lt=below)
        return sized.values("system_id")

    def _projects_alike(self) -> QuerySet[Project]:
        projects: QuerySet[Project] = self.rows(Project)
        if self.criteria.is_about_systems:
            projects = projects.filter(
                pk__in=Project.systems.through._default_manager.filter(
                    system__in=self._systems_alike().values("pk")
                ).values("project_id")
            )
        return projects

    def _services_on(self, systems: QuerySet[System]) -> QuerySet[Any, Any]:
        return Service.systems.through._default_manager.filter(
            system__in=systems.values("pk")
        ).values("service_id")

    def _hanging_on(self, queryset: QuerySet[Any], flag_path: str) -> QuerySet[Any]:
        """Contracts or reviews of systems and projects that stay."""
        if self.criteria.is_about_systems:
            queryset = queryset.filter(
                Q(system__in=self._systems_alike().values("pk"))
                | Q(project__in=self._projects_alike().values("pk"))
            )
        if self.criteria.is_about_flags:
            flags = self._asked_flags()
            queryset = queryset.filter(
                Q(pk__in=_subjects(flags, flag_path))
                | Q(system__in=System.objects.filter(flagged_systems(flags)).values("pk"))
                | Q(project__in=Project.objects.filter(flagged_projects(flags)).values("pk"))
            )
        return queryset


# What flags stand on --------------------------------------------------------------------------------


def _subjects(flags: QuerySet[RiskFlag], path: str) -> QuerySet[Any, Any]:
    subjects: QuerySet[Any, Any] = flags.filter(**{f"{path}__isnull": False})
    return subjects.order_by().values(path)


_SYSTEM_PATHS = ("system_id", "contract__system_id", "review__system_id")
_PROJECT_PATHS = ("project_id", "contract__project_id", "review__project_id")


def flagged_systems(flags: QuerySet[RiskFlag], path: str = "pk") -> Q:
    """Systems (`path` leads to their id) with one of `flags` on them, their contracts or their
    reviews."""
    found = Q()
    for subject in _SYSTEM_PATHS:
        found |= Q(**{f"{path}__in": _subjects(flags, subject)})
    return found


def flagged_projects(flags: QuerySet[RiskFlag]) -> Q:
    """Projects with one of `flags` on them, their contracts, their reviews or their systems."""
    found = Q()
    for subject in _PROJECT_PATHS:
        found |= Q(pk__in=_subjects(flags, subject))
    links = Project.systems.through._default_manager
    return found | Q(pk__in=links.filter(flagged_systems(flags, "system_id")).values("project_id"))


def worst_severity(flags: QuerySet[RiskFlag], stands_on: Callable[[QuerySet[RiskFlag]], Q]) -> Case:
    """The gravest severity among `flags` on a row, "" where none stands on it.

    `stands_on` is `flagged_systems` or `flagged_projects`.
    """
    return Case(
        *(
            When(stands_on(flags.filter(severity=severity)), then=Value(severity.value))
            for severity in SEVERITIES
        ),
        default=Value(""),
        output_field=models.CharField(),
    )


# Conditions and figures of rollups ----------------------------------------------------------------


def has_split() -> Q:
    """Rollups of holders that report executed yen by class."""
    return Q(development__isnull=False) | Q(operation__isnull=False) | Q(other__isnull=False)


def is_bulk() -> Q:
    """Rollups of bulk budget programmes (一括計上): their money is spent, and reported again, on
    the sheets of single systems, so what they executed is not added to what those spent."""
    return Q(system__isnull=False, system__system_class__code=BULK_CLASS)


def spent() -> Coalesce:
    """Yen spent in a rollup's year: the executed total, or the sum of the classes where the
    ledger is silent; null where neither is known."""
    zero = Value(0, output_field=models.BigIntegerField())
    classes = [Coalesce(F(name), zero) for name in ("development", "operation", "other")]
    split = Case(
        When(has_split(), then=classes[0] + classes[1] + classes[2]),
        output_field=models.BigIntegerField(),
    )
    return Coalesce(F("executed"), split)


# Conditions -------------------------------------------------------------------------------------


def is_overdue(as_of: date) -> Q:
    """Reviews that are past their due day and not complete, as the rule `review_overdue` says."""
    done = Q(is_complete=True) & (Q(held_on__isnull=True) | Q(held_on__lte=as_of))
    return Q(due_on__lt=as_of) & ~done


def owes_report(period: date, as_of: date) -> Q:
    """Projects that owe a report for a month, as far as is known (rule `late_report`).

    They are in a phase that reports, had begun by the end of the month and not ended before it.
    Of a project that a file of open data brought nobody knows whether it reports until it has reported once.
    """
    ever = Q(Exists(_submitted(as_of)))
    return (
        Q(phase__in=REPORTING_PHASES)
        & (Q(started_on__lt=next_month(period)) | Q(started_on__isnull=True) & ever)
        & (Q(ended_on__isnull=True) | Q(ended_on__gte=period))
        & (Q(import_run__isnull=True) | Q(import_run__kind=ImportRun.WORKBOOK) | ever)
    )


def is_late(period: date, as_of: date) -> Q:
    """Of the projects that owe a report for a month: those without it, or a later one, so far."""
    return owes_report(period, as_of) & ~Q(Exists(_submitted(as_of).filter(period__gte=period)))


def reports_read(reach: Reach) -> Q:
    """Projects whose monthly reports lie within a reach."""
    if reach.everything:
        return Q()
    return Q(agency_id__in=reach.agency_ids) | Q(pk__in=reach.project_ids)


def _submitted(as_of: date) -> QuerySet[MonthlyUpdate]:
    # Not narrowed to a reader: whoever counts for one asks `reads_reports` of the project besides.
    return MonthlyUpdate.objects.filter(
        project=OuterRef("pk"),
        state__in=FILED_STATES,
        submitted_at__lt=end_of(as_of),
    ).order_by()


def is_measured(last_year: int, path: str = "pk") -> Q:
    """Systems (`path` leads to their id) whose value to users is known: the online use of their
    services in some year, or an actual figure of an outcome KPI."""
    # Not narrowed to the reader: whoever sees the system may know that a figure exists.
    used = YearRollup.objects.filter(
        system__isnull=False, cases__gt=0, online_cases__isnull=False, fiscal_year__lte=last_year
    )
    achieved = KpiValue.objects.filter(
        kpi__kind=KpiKind.OUTCOME,
        kpi__system__isnull=False,
        actual__isnull=False,
        fiscal_year__lte=last_year,
    )
    return Q(**{f"{path}__in": used.order_by().values("system_id")}) | Q(
        **{f"{path}__in": achieved.order_by().values(system=F("kpi__system_id"))}
    )


def bidding_counts() -> tuple[Count, Count, Count]:
    """Of contracts: competitive ones, those of them that tell their bidders, and those with one.
    These make a `SingleBids`."""
    competitive = Q(method__in=COMPETITIVE_METHODS)
    return (
        Count("pk", filter=competitive),
        Count("pk", filter=competitive & Q(bidders__isnull=False)),
        Count("pk", filter=competitive & Q(bidders=1)),
    )
