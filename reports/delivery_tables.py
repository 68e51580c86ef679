"""Columns of the delivery tables: one list each for page, CSV and XLSX."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from governance.tabular import Badge, Column, Kind, Text, Tone, Unknown
from projects.delivery import Against, Delivery
from projects.metric_text import REASONS, STATES
from projects.metrics.evm import EarnedValue
from projects.metrics.types import Measure, Reason
from projects.metrics.variance import State
from reports.delivery import AgencyDelivery
from reports.links import Links, object_url

_TONES: Final[dict[State, Tone]] = {
    State.LATE: "high",
    State.OVER: "high",
    State.ON_PLAN: "ok",
    # Early or under is no alarm: it asks what was left out, or how the plan was padded.
    State.EARLY: "info",
    State.UNDER: "info",
    State.UNKNOWN: "unknown",
}


def _state(state: State) -> Badge:
    return Badge(STATES[state], _TONES[state], list(State).index(state))


def _exact(measure: Measure) -> Decimal | Unknown:
    if measure.value is None:
        return Unknown("undefined", REASONS[measure.reason or Reason.NO_DATA])
    return measure.value


def _yen(measure: Measure) -> int | Unknown:
    if measure.value is None:
        return Unknown("undefined", REASONS[measure.reason or Reason.NO_DATA])
    return int(measure.value.to_integral_value())


def _index(measure: Measure) -> Decimal | Unknown:
    found = _exact(measure)
    return found if isinstance(found, Unknown) else found.quantize(Decimal("0.001"))


Explained = Callable[[Delivery], str]

_SUMS: Final[tuple[tuple[str, Text], ...]] = (
    ("cv", "CV"),
    ("sv", "SV"),
    ("eac_typical", _("EAC, as so far")),
    ("eac_atypical", _("EAC, rest as planned")),
    ("eac_combined", _("EAC, cost and pace")),
    ("vac", "VAC"),
    ("etc", "ETC"),
)
_INDICES: Final[tuple[tuple[str, Text], ...]] = (
    ("cpi", "CPI"),
    ("spi", "SPI"),
    ("tcpi", "TCPI"),
)
_INPUTS: Final[tuple[tuple[str, Text], ...]] = (
    ("bac", "BAC"),
    ("pv", "PV"),
    ("ev", "EV"),
    ("ac", "AC"),
)


def project_columns(links: Links) -> tuple[Column[Delivery], ...]:
    """One row a project."""

    def explained(metric: str) -> Explained:
        return lambda row: links.explain_holder(metric, row.project, None)

    return (
        Column("project", _("project"), lambda row: str(row.project), url=_project_url),
        Column("code", _("project code"), lambda row: row.project.code),
        Column("agency", _("agency"), lambda row: str(row.project.agency)),
        Column("report", _("report for"), _month),
        *_against(_("first plan"), "first", lambda row: row.first, links),
        *_against(_("current plan"), "current", lambda row: row.current, links),
        *_indices(lambda row: row.value, explained),
        Column(
            "spi_t",
            "SPI(t)",
            lambda row: _index(row.schedule.spi_t),
            Kind.DECIMAL,
            sort="spi_t",
            url=explained("spi_t"),
            metric="spi_t",
        ),
        Column(
            "sv_t",
            "SV(t)",
            lambda row: _index(row.schedule.sv_t),
            Kind.DECIMAL,
            unit=_("months"),
            sort="sv_t",
            url=explained("sv_t"),
            metric="sv_t",
        ),
        Column(
            "finish",
            _("finish at this pace"),
            lambda row: None if row.finish is None else f"{row.finish:%Y-%m}",
            definition=_("Planned start + planned months ÷ SPI(t)."),
            metric="forecast_duration",
            url=explained("forecast_duration"),
        ),
        *_values(lambda row: row.value, explained),
    )


def _project_url(row: Delivery) -> str:
    return object_url(row.project)


def _month(row: Delivery) -> str | None:
    return None if row.report is None else f"{row.report.period:%Y-%m}"


def _against(
    plan: Text,
    key: str,
    of: Callable[[Delivery], Against | None],
    links: Links,
) -> tuple[Column[Delivery], ...]:
    def explained(metric: str) -> Explained:
        return lambda row: links.explain(metric, project=row.project.code, plan=key)

    def days(row: Delivery) -> int | Unknown | None:
        found = of(row)
        return None if found is None else _yen(found.days.amount)

    def money(row: Delivery) -> int | Unknown | None:
        found = of(row)
        return None if found is None else _yen(found.money.amount)

    def state(row: Delivery, name: str) -> Badge:
        found = of(row)
        return _state(State.UNKNOWN if found is None else getattr(found, name))

    return (
        Column(
            f"{key}_schedule",
            format_lazy("{}: {}", plan, _("schedule")),
            lambda row: state(row, "schedule_state"),
            Kind.CHOICE,
            sort=f"{key}_schedule",
        ),
        Column(
            f"{key}_days",
            format_lazy("{}: {}", plan, _("days early (+) or late (−)")),
            days,
            Kind.INTEGER,
            sort=f"{key}_days",
            url=explained("schedule_variance_days"),
            metric="schedule_variance_days",
        ),
        Column(
            f"{key}_cost",
            format_lazy("{}: {}", plan, _("cost")),
            lambda row: state(row, "cost_state"),
            Kind.CHOICE,
            sort=f"{key}_cost",
        ),
        Column(
            f"{key}_yen",
            format_lazy("{}: {}", plan, _("under (+) or over (−)")),
            money,
            Kind.YEN,
            sort=f"{key}_yen",
            url=explained("cost_variance"),
            metric="cost_variance",
        ),
    )


def agency_columns(links: Links) -> tuple[Column[AgencyDelivery], ...]:
    """One row an agency; earned value where projects report it."""

    def explained(metric: str) -> Callable[[AgencyDelivery], str]:
        return lambda row: (
            links.explain(metric)
            if row.agency is None
            else links.explain_agency(metric, row.agency.code)
        )

    def counted(name: str, state: State) -> Callable[[AgencyDelivery], int]:
        return lambda row: getattr(row, name)[state]

    return (
        Column(
            "agency",
            _("agency"),
            lambda row: str(row.agency or ""),
            url=lambda row: None if row.agency is None else links.agency(row.agency.code),
        ),
        Column("projects", _("projects"), lambda row: row.rolled.asked, Kind.INTEGER),
        *(
            Column(key, label, counted(name, state), Kind.INTEGER, definition=_FIRST)
            for key, label, name, state in _STANDS
        ),
        Column(
            "known",
            _("with earned value"),
            lambda row: row.rolled.known,
            Kind.INTEGER,
            definition=_(
                "Projects of which BAC, PV, EV and AC are known: only these are rolled up."
            ),
        ),
        # Agencies stand in establishment order.
        *(
            replace(column, sort="")
            for column in (
                *_indices(lambda row: row.rolled.value, explained),
                *_values(lambda row: row.rolled.value, explained),
            )
        ),
    )


_FIRST: Final = _("Against the first plan: within 10 % is on plan.")
_STANDS: Final[tuple[tuple[str, Text, str, State], ...]] = (
    ("late", _("late"), "schedule", State.LATE),
    ("on_time", _("on time"), "schedule", State.ON_PLAN),
    ("early", _("early"), "schedule", State.EARLY),
    ("schedule_unknown", _("schedule unknown"), "schedule", State.UNKNOWN),
    ("over", _("over cost"), "cost", State.OVER),
    ("on_budget", _("on budget"), "cost", State.ON_PLAN),
    ("under", _("under cost"), "cost", State.UNDER),
    ("cost_unknown", _("cost unknown"), "cost", State.UNKNOWN),
)


def _indices(
    of: Callable[[Any], EarnedValue], explained: Callable[[str], Callable[[Any], str]]
) -> tuple[Column[Any], ...]:
    return tuple(
        Column(
            name,
            label,
            _read(of, name, _index),
            Kind.DECIMAL,
            sort=name,
            url=explained(name),
            metric=name,
        )
        for name, label in _INDICES
    )


def _values(
    of: Callable[[Any], EarnedValue], explained: Callable[[str], Callable[[Any], str]]
) -> tuple[Column[Any], ...]:
    """The four inputs, and what follows from them in yen."""
    inputs = (Column(name, label, _input(of, name), Kind.YEN, sort=name) for name, label in _INPUTS)
    made = (
        Column(
            name,
            label,
            _read(of, name, _yen),
            Kind.YEN,
            sort=name,
            url=explained(name),
            metric=name,
        )
        for name, label in _SUMS
    )
    return (*inputs, *made)


def _read(
    of: Callable[[Any], EarnedValue], name: str, shown: Callable[[Measure], object]
) -> Callable[[Any], object]:
    return lambda row: shown(getattr(of(row), name))


def _input(of: Callable[[Any], EarnedValue], name: str) -> Callable[[Any], object]:
    return lambda row: getattr(of(row), name)
