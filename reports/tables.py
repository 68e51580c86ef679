"""The columns of the dashboard's tables: one list each for page, CSV and XLSX."""

from collections.abc import Callable, Container, Sequence
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from governance.formatting import Reason as Ground
from governance.formatting import YenUnit, fiscal_year
from governance.models.base import localized
from governance.tabular import Column, Kind, Text, Unknown
from projects.flag_links import readable_subject_url
from projects.flag_sight import FlagSight
from projects.flag_text import severity_badge
from projects.metrics.dictionary import METRIC_OF_FIGURE
from projects.metrics.types import Measure, Reason
from projects.models import Project, RiskFlag, System
from projects.risk_text import title_of
from projects.selectors import AgencyTree
from reports.dashboards import AgencyFigures, Figures, Point, YearCost
from reports.links import Links, object_url

_GROUNDS: Final[dict[Reason, Ground]] = {
    Reason.NO_DATA: "missing",
    Reason.WITHHELD: "withheld",
    Reason.NOT_APPLICABLE: "not_applicable",
    Reason.NOT_SHOWN: "not_shown",
}


def shown(measure: Measure) -> Decimal | Unknown:
    """A ratio for a cell: the figure, or why there is none."""
    if measure.value is not None:
        return measure.value
    ground = _GROUNDS.get(measure.reason) if measure.reason else None
    return Unknown(ground or "undefined")


Explained = Callable[[AgencyFigures], str]
"""The Explain page of a row's figure."""


def _explained(links: Links, metric: str, **changes: str | None) -> Explained:
    return lambda row: links.explain_agency(metric, row.agency.code, **changes)


def _yen(
    key: str,
    label: Text,
    value: Callable[[AgencyFigures], int | None],
    definition: Text,
    metric: str,
    explained: Explained,
) -> Column[AgencyFigures]:
    return Column(
        key,
        label,
        value,
        Kind.YEN,
        sort=key,
        url=explained,
        definition=definition,
        scale=YenUnit.HUNDRED_MILLION,
        metric=metric,
    )


def _count(
    key: str,
    label: Text,
    value: Callable[[Figures], object],
    definition: Text,
    metric: str,
    explained: Explained,
) -> Column[AgencyFigures]:
    return Column(
        key,
        label,
        lambda row: value(row.figures),
        Kind.INTEGER,
        sort=key,
        url=explained,
        definition=definition,
        metric=metric,
    )


def _ratio(
    key: str,
    label: Text,
    value: Callable[[AgencyFigures], Measure],
    definition: Text,
    metric: str,
    explained: Explained,
) -> Column[AgencyFigures]:
    return Column(
        key,
        label,
        lambda row: shown(value(row)),
        Kind.RATIO,
        sort=key,
        url=explained,
        definition=definition,
        metric=metric,
    )


def agency_columns(
    year: int | None, links: Links, not_shown: Container[str] = frozenset()
) -> tuple[Column[AgencyFigures], ...]:
    """The agency table: one row an agency, yearly figures of `year`."""

    def cost(row: AgencyFigures) -> YearCost:
        return row.figures.year(year)

    def count(
        key: str,
        label: Text,
        value: Callable[[Figures], object],
        text: Text,
        metric: str = "",
        **changes: str | None,
    ) -> Column[AgencyFigures]:
        name = metric or key
        return _count(key, label, value, text, name, _explained(links, name, **changes))

    def yen(
        key: str, label: Text, value: Callable[[AgencyFigures], int | None]
    ) -> Column[AgencyFigures]:
        metric = METRIC_OF_FIGURE[key]
        return _yen(key, label, value, COST_TEXT[key], metric, _explained(links, metric))

    def share(
        key: str, label: Text, value: Callable[[AgencyFigures], Measure], text: Text
    ) -> Column[AgencyFigures]:
        return _ratio(key, label, value, text, key, _explained(links, key))

    flags, hidden = DEFINITIONS["flags"], Unknown("not_shown")
    return (
        Column(
            "agency",
            _("Agency"),
            lambda row: str(row.agency),
            sort="agency",
            url=lambda row: links.agency(row.agency.code),
            definition=_("The agency itself; agencies below it have rows of their own."),
        ),
        count("systems", _("Systems"), lambda f: f.systems, DEFINITIONS["systems"]),
        count("projects", _("Projects"), lambda f: f.projects, DEFINITIONS["projects"]),
        count(
            "flags_high",
            _("Flags: high"),
            lambda f: f.flags_of("high"),
            flags,
            "open_flags",
            severity="high",
        ),
        count(
            "flags_medium",
            _("Flags: medium"),
            lambda f: f.flags_of("medium"),
            flags,
            "open_flags",
            severity="medium",
        ),
        count(
            "reports_late",
            _("Reports late"),
            lambda f: hidden if "reports" in not_shown else f.reports_late,
            DEFINITIONS["reports"],
        ),
        count(
            "reviews_overdue",
            _("Reviews overdue"),
            lambda f: hidden if "reviews" in not_shown else f.reviews_overdue,
            DEFINITIONS["reviews"],
        ),
        yen("development", _("Development"), lambda r: cost(r).development),
        yen("operation", _("Operation"), lambda r: cost(r).operation),
        yen("other", _("Other"), lambda r: cost(r).other),
        yen("executed", _("Executed"), lambda r: cost(r).executed),
        share(
            "execution_rate",
            _("Execution rate"),
            lambda r: cost(r).execution_rate,
            COST_TEXT["execution_rate"],
        ),
        share(
            "online_use",
            _("Online use"),
            lambda r: r.figures.online_use,
            DEFINITIONS["online_use"],
        ),
        share(
            "single_bid_ratio",
            _("Single bids"),
            lambda r: r.figures.single_bid_ratio,
            DEFINITIONS["single_bid_ratio"],
        ),
        yen("initial", _("Initial budget"), lambda r: cost(r).initial),
        yen("available", _("Budget available"), lambda r: cost(r).available),
    )


COST_TEXT: Final[dict[str, Text]] = {
    "development": _(
        "Executed yen of the fiscal year in the class development (整備経費), summed over systems"
        " and projects. The latest sheet counts. Nothing reported is not zero."
    ),
    "operation": _(
        "Executed yen of the fiscal year in the class operation (運用等経費), summed over systems"
        " and projects. The latest sheet counts. Nothing reported is not zero."
    ),
    "other": _("Executed yen of the fiscal year in the class other (その他経費)."),
    "unsplit": _(
        "Executed yen of systems and projects that report a total and no class at all. Bulk budget"
        " programmes are left out: their money is reported again by the systems it is spent on."
    ),
    "spent": _(
        "Executed yen of the fiscal year: development, operation, other, and what is not split. Bulk"
        " budget programmes are left out: their money is reported again by the systems."
    ),
    "initial": _("The initial budget (当初予算) of the fiscal year."),
    "available": _(
        "The budget available (予算現額): initial, supplementary, carried in, reserve and transfers."
    ),
    "executed": _(
        "The amount spent (執行額): the ledger's total where a ledger is kept, else the sum of the"
        " classes."
    ),
    "execution_rate": _(
        "Executed ÷ budget available, over the systems and projects that report both (Board of"
        " Audit 2021)."
    ),
}

DEFINITIONS: Final[dict[str, Text]] = {
    "systems": _("Systems in the register, whatever their status."),
    "projects": _("Projects in the register, whatever their phase."),
    "online_use": _(
        "Cases done online ÷ all cases of the services that are online and report both counts, in"
        " the latest counted year of each agency (オンライン利用率)."
    ),
    "single_bid_ratio": _(
        "Contracts with one bidder ÷ contracts placed by open competition (1者応札率), as the Board of"
        " Audit counts. Contracts of all years, or of the year chosen."
    ),
    "flags": _("Risk flags that stood open on the day shown."),
    "reports": _(
        "Projects that owe a monthly report for the latest month due and have not submitted it."
    ),
    "reviews": _("Reviews past their due day and not complete on the day shown."),
}


def agency_year_columns(years: Sequence[int], links: Links) -> tuple[Column[AgencyFigures], ...]:
    """Cost of each agency over the years: what was spent, beside the initial budget."""

    def yen(
        key: str, label: Text, year: int, value: Callable[[YearCost], int | None], text: Text
    ) -> Column[AgencyFigures]:
        metric = METRIC_OF_FIGURE[key]
        explained = _explained(links, metric, year=str(year))
        return _yen(
            f"{key}_{year}",
            label,
            lambda row: value(row.figures.year(year)),
            text,
            metric,
            explained,
        )

    columns = [
        Column[AgencyFigures](
            "agency",
            _("Agency"),
            lambda row: str(row.agency),
            sort="agency",
            url=lambda row: links.agency(row.agency.code),
            definition=_("The agency itself; agencies below it have rows of their own."),
        )
    ]
    for year in years:
        name = {"year": fiscal_year(year)}
        columns += [
            yen("spent", _("%(year)s spent") % name, year, lambda c: c.spent, COST_TEXT["spent"]),
            yen(
                "initial",
                _("%(year)s initial budget") % name,
                year,
                lambda c: c.initial,
                COST_TEXT["initial"],
            ),
        ]
    return tuple(columns)


CostRow = tuple[int, YearCost]


def cost_columns(links: Links) -> tuple[Column[CostRow], ...]:
    """Cost by fiscal year and class."""

    def yen(key: str, label: Text, value: Callable[[YearCost], int | None]) -> Column[CostRow]:
        return Column(
            key,
            label,
            lambda row: value(row[1]),
            Kind.YEN,
            url=lambda row: links.explain(METRIC_OF_FIGURE[key], year=str(row[0])),
            definition=COST_TEXT[key],
            scale=YenUnit.HUNDRED_MILLION,
            metric=METRIC_OF_FIGURE[key],
        )

    return (
        Column("fiscal_year", _("Fiscal year"), lambda row: row[0], Kind.YEAR),
        yen("development", _("Development"), lambda year: year.development),
        yen("operation", _("Operation"), lambda year: year.operation),
        yen("other", _("Other"), lambda year: year.other),
        yen("unsplit", _("Not split"), lambda year: year.unsplit),
        yen("executed", _("Executed"), lambda year: year.executed),
        yen("initial", _("Initial budget"), lambda year: year.initial),
        yen("available", _("Budget available"), lambda year: year.available),
        Column(
            "execution_rate",
            _("Execution rate"),
            lambda row: shown(row[1].execution_rate),
            Kind.RATIO,
            url=lambda row: links.explain("execution_rate", year=str(row[0])),
            definition=COST_TEXT["execution_rate"],
            metric="execution_rate",
        ),
        Column(
            "systems_known",
            _("Systems in the figure"),
            lambda row: row[1].executing_systems,
            Kind.INTEGER,
            definition=_("Systems whose executed yen of the year are known."),
        ),
    )


def point_columns(tree: AgencyTree, links: Links, year: int | None) -> tuple[Column[Point], ...]:
    """Cost of the year and value of each system."""
    yen = YenUnit.HUNDRED_MILLION

    def explained(metric: str) -> Callable[[Point], str]:
        return lambda point: links.explain_holder(
            metric,
            System(system_id=point.system_id),
            point.use_year if metric == "digital_take_up" else year,
        )

    return (
        Column(
            "system",
            _("System"),
            lambda point: localized(point.name, point.name_en),
            url=lambda point: point_url(point.system_id),
        ),
        Column("system_id", _("System ID"), lambda point: point.system_id),
        Column("agency", _("Agency"), lambda point: str(tree.by_id[point.agency_id])),
        Column(
            "operation",
            _("Operation"),
            lambda point: point.operation,
            Kind.YEN,
            url=explained("operation_cost"),
            definition=COST_TEXT["operation"],
            scale=yen,
            metric="operation_cost",
        ),
        Column(
            "executed",
            _("Executed"),
            lambda point: point.executed,
            Kind.YEN,
            url=explained("executed_cost"),
            definition=COST_TEXT["executed"],
            scale=yen,
            metric="executed_cost",
        ),
        Column(
            "online_use",
            _("Online use"),
            lambda point: shown(point.use_ratio),
            Kind.RATIO,
            url=explained("digital_take_up"),
            metric="digital_take_up",
            definition=_(
                "Cases done online ÷ all cases of the services on the system, in the latest year in"
                " which both are known."
            ),
        ),
        Column("cases", _("Cases"), lambda point: point.cases, Kind.INTEGER),
        Column("online_cases", _("Online cases"), lambda point: point.online_cases, Kind.INTEGER),
        Column("use_year", _("Year of use"), lambda point: point.use_year, Kind.YEAR),
        Column(
            "severity",
            _("Gravest flag"),
            lambda point: severity_badge(point.severity),
            Kind.CHOICE,
            definition=_("On the system, its contracts or its reviews."),
        ),
    )


def point_url(system_id: str) -> str:
    return object_url(System(system_id=system_id))


def attention_columns(user: Any, *, is_linked: bool = False) -> tuple[Column[RiskFlag], ...]:
    """Open flags in words, with what they are about, as far as `user` may be told; a file has no
    links."""
    sight = FlagSight(user)
    return (
        Column(
            "subject",
            _("About"),
            sight.subject,
            url=(lambda flag: readable_subject_url(flag, user) or None) if is_linked else None,
            definition=_("The system, project, contract or review on which the flag stands."),
        ),
        Column("severity", _("Severity"), lambda flag: severity_badge(flag.severity), Kind.CHOICE),
        Column(
            "rule",
            _("Rule"),
            lambda flag: title_of(flag.rule_id),
            url=lambda flag: Links.flag(flag.pk),
        ),
        Column("agency", _("Agency"), lambda flag: str(flag.agency)),
        Column("why", _("Why"), lambda flag: sight.note(flag).why),
        Column("clears_when", _("Clears when"), lambda flag: sight.note(flag).clears_when),
        Column("opened_on", _("Open since"), lambda flag: flag.opened_on, Kind.DATE),
        Column("judged_on", _("Judged on"), lambda flag: flag.judged_on, Kind.DATE),
    )


def system_columns(year: int | None, links: Links) -> tuple[Column[System], ...]:
    """Systems of an agency; rows come from `dashboards.agency_systems`."""
    yen = YenUnit.HUNDRED_MILLION

    def explained(metric: str) -> Callable[[System], str]:
        return lambda row: links.explain_holder(metric, row, year)

    return (
        Column("system", _("System"), str, url=object_url),
        Column("system_id", _("System ID"), lambda row: row.system_id),
        Column("class", _("Class"), lambda row: str(row.system_class), Kind.CHOICE),
        Column("status", _("Status"), lambda row: row.get_status_display(), Kind.CHOICE),
        Column("fiscal_year", _("Fiscal year"), lambda _row: year, Kind.YEAR),
        Column(
            "development",
            _("Development"),
            lambda row: row.year_development,  # type: ignore[attr-defined]
            Kind.YEN,
            url=explained("development_cost"),
            definition=COST_TEXT["development"],
            scale=yen,
            metric="development_cost",
        ),
        Column(
            "operation",
            _("Operation"),
            lambda row: row.year_operation,  # type: ignore[attr-defined]
            Kind.YEN,
            url=explained("operation_cost"),
            definition=COST_TEXT["operation"],
            scale=yen,
            metric="operation_cost",
        ),
        Column(
            "executed",
            _("Executed"),
            lambda row: row.year_executed,  # type: ignore[attr-defined]
            Kind.YEN,
            url=explained("executed_cost"),
            definition=COST_TEXT["executed"],
            scale=yen,
            metric="executed_cost",
        ),
        Column(
            "severity",
            _("Gravest flag"),
            lambda row: severity_badge(row.worst),  # type: ignore[attr-defined]
            Kind.CHOICE,
            definition=_("On the system, its contracts or its reviews."),
        ),
    )


def project_columns() -> tuple[Column[Project], ...]:
    """Projects of an agency; rows come from `dashboards.agency_projects`."""
    return (
        Column("project", _("Project"), str, url=object_url),
        Column("code", _("Project code"), lambda row: row.code),
        Column("phase", _("Phase"), lambda row: row.get_phase_display(), Kind.CHOICE),
        Column("is_priority", _("Priority project"), lambda row: row.is_priority, Kind.BOOL),
        Column("started_on", _("Started on"), lambda row: row.started_on, Kind.DATE),
        Column(
            "is_late",
            _("Report late"),
            lambda row: (
                Unknown("not_shown")
                if row.has_late_report is None  # type: ignore[attr-defined]
                else row.has_late_report  # type: ignore[attr-defined]
            ),
            Kind.BOOL,
            definition=DEFINITIONS["reports"],
        ),
        Column(
            "severity",
            _("Gravest flag"),
            lambda row: severity_badge(row.worst),  # type: ignore[attr-defined]
            Kind.CHOICE,
            definition=_("On the project, its contracts, its reviews or its systems."),
        ),
    )
