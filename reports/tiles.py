"""The headline figures as tiles: value, unit, what it rests on, its age, and the rows under it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.formatting import age, fiscal_year, integer, iso_date, percent, yen_short
from governance.tabular import Unknown, unknown_html
from projects.metrics.periods import fiscal_year_end
from projects.models.choices import FlagSeverity
from reports.dashboards import Summary
from reports.links import Links
from reports.tables import COST_TEXT, shown


@dataclass(frozen=True, slots=True)
class Tile:
    """What `includes/_tile.html` prints; `definition` stands below the tiles. The label leads to
    the rows (`url`), the figure to its Explain page (`explain`)."""

    key: str
    label: str
    value: Any
    definition: str
    unit: str = ""
    note: str = ""
    age: str = ""
    url: str = ""
    tone: str = ""
    metric: str = ""
    explain: str = ""


def headline(summary: Summary, links: Links) -> list[Tile]:
    """The tiles of a portfolio or an agency, in the active language. Queries nothing."""
    return [
        _cost(
            summary,
            "development",
            _("Invested in development"),
            summary.cost.development,
            summary.cost.developing_systems,
            links,
        ),
        _cost(
            summary,
            "operation",
            _("Run cost"),
            summary.cost.operation,
            summary.cost.operating_systems,
            links,
        ),
        _measured(summary, links),
        _systems(summary, links),
        _risk(summary, links),
        _reviews(summary, links),
        _reports(summary, links),
    ]


def _cost(
    summary: Summary, key: str, label: str, yen: int | None, known: int, links: Links
) -> Tile:
    year = summary.year
    return Tile(
        key,
        label,
        unknown_html(Unknown("missing")) if yen is None else yen_short(yen),
        str(COST_TEXT[key]),
        note=_("%(year)s; known for %(known)s of %(all)s systems")
        % {
            "year": fiscal_year(year),
            "known": integer(known),
            "all": integer(summary.total.systems),
        },
        age=_year_age(year, summary.as_of),
        url=links.cost_lines(year, key),
        metric=f"{key}_cost",
        explain=links.explain(f"{key}_cost"),
        tone="unknown" if yen is None else "",
    )


def _year_age(year: int | None, as_of: date) -> str:
    """How old the figures of a fiscal year are: they are about it, whenever they were filed."""
    if year is None:
        return ""
    end = fiscal_year_end(year)
    if end >= as_of:
        return _("Year runs until %(day)s") % {"day": iso_date(end)}
    return _("Year ended %(age)s") % {"age": _dated(end, as_of)}


def _dated(day: date, as_of: date) -> str:
    return f"{iso_date(day)} ({age(day, as_of)})"


def _changed(summary: Summary, *kinds: str) -> str:
    """The age of the newest row of some kinds."""
    days = [summary.changed_on[kind] for kind in kinds if kind in summary.changed_on]
    if not days:
        return _("No data yet")
    return _("Last change %(age)s") % {"age": _dated(max(days), summary.as_of)}


def _measured(summary: Summary, links: Links) -> Tile:
    total = summary.total
    share = shown(summary.cost.measured_share)
    note = (
        _("The share of cost cannot be computed")
        if isinstance(share, Unknown)
        else _("They cover %(share)s of what systems spent in %(year)s")
        % {"share": percent(share), "year": fiscal_year(summary.year)}
    )
    if not summary.use_years:
        dated = _changed(summary, "systems")
    else:
        last = fiscal_year_end(summary.use_years[-1])
        dated = _("Online use up to %(age)s") % {"age": _dated(last, summary.as_of)}
    return Tile(
        "measured",
        _("Systems with a value measure"),
        _counted(total.measured_systems, total.systems),
        _(
            "Systems for which the online use of their services is known, or that have an actual"
            " figure for an outcome KPI: only for these can cost be set against value."
        ),
        unit=_of(total.systems),
        note=note,
        age=dated,
        url="#cost-and-value",
        metric="measured_systems",
        explain=links.explain("measured_systems"),
        tone="unknown" if not total.measured_systems else "",
    )


def _not_shown() -> str:
    return unknown_html(Unknown("not_shown"))


def _counted(number: int, base: int) -> str:
    """A count out of a base; without a base there is nothing to count, which is no zero."""
    return integer(number) if base else unknown_html(Unknown("not_applicable"))


def _of(number: int) -> str:
    return _("of %(number)s") % {"number": integer(number)}


def _systems(summary: Summary, links: Links) -> Tile:
    target = summary.target
    live = summary.total.live_systems
    tone = ""
    note = _("No target applies to this selection")
    if target is not None:
        tone = "ok" if live <= target.target else "medium"
        note = _("Target: %(target)s by %(year)s") % {
            "target": integer(target.target),
            "year": fiscal_year(target.target_year),
        }
        if target.base is not None:
            note = _("Target: %(target)s by %(year)s, from %(base)s in %(base_year)s") % {
                "target": integer(target.target),
                "year": fiscal_year(target.target_year),
                "base": integer(target.base),
                "base_year": fiscal_year(target.base_year),
            }
    return Tile(
        "systems",
        _("Systems against target"),
        integer(live),
        _(
            "Systems that are neither merged nor retired, against the national target for their"
            " number. The official count also takes systems off that moved to the common platform;"
            " this one does not."
        ),
        unit=ngettext("system", "systems", live),
        note=note,
        age=_changed(summary, "systems"),
        url=links.systems(),
        metric="live_systems",
        explain=links.explain("live_systems"),
        tone=tone,
    )


def _risk(summary: Summary, links: Links) -> Tile:
    risk = summary.total.project_risk
    high = risk.get(FlagSeverity.HIGH, 0)
    return Tile(
        "risk",
        _("Projects at high risk"),
        _counted(high, summary.total.projects),
        _(
            "A project counts once, under the gravest open flag on itself, its contracts, its"
            " reviews or its systems. Unknown: a rule could not be applied for want of data."
        ),
        unit=_of(summary.total.projects),
        note=_("Medium %(medium)s, low %(low)s, unknown %(unknown)s, none %(none)s")
        % {
            "medium": integer(risk.get(FlagSeverity.MEDIUM, 0)),
            "low": integer(risk.get(FlagSeverity.LOW, 0)),
            "unknown": integer(risk.get(FlagSeverity.UNKNOWN, 0)),
            "none": integer(risk.get("", 0)),
        },
        age=_judged(summary),
        url=links.attention(severity=FlagSeverity.HIGH),
        metric="projects_at_high_risk",
        explain=links.explain("projects_at_high_risk"),
        tone="high" if high else "",
    )


def _judged(summary: Summary) -> str:
    day = summary.changed_on.get("flags")
    if day is None:
        return _("No flag is open")
    return _("Flags judged %(age)s") % {"age": _dated(day, summary.as_of)}


def _reviews(summary: Summary, links: Links) -> Tile:
    overdue, is_hidden = summary.total.reviews_overdue, "reviews" in summary.not_shown
    return Tile(
        "reviews",
        _("Reviews overdue"),
        _not_shown() if is_hidden else _counted(overdue, summary.total.reviews),
        _(
            "Reviews past their due day and not complete on the day shown, of all reviews on record."
        ),
        unit="" if is_hidden else _of(summary.total.reviews),
        age=_changed(summary, "reviews"),
        url=links.attention(rule="review_overdue"),
        metric="reviews_overdue",
        explain=links.explain("reviews_overdue"),
        tone="medium" if overdue else "",
    )


def _reports(summary: Summary, links: Links) -> Tile:
    total, is_hidden = summary.total, "reports" in summary.not_shown
    return Tile(
        "reports",
        _("Reports late"),
        _not_shown() if is_hidden else _counted(total.reports_late, total.reports_due),
        _(
            "Projects in a phase that reports, without a submitted report for the latest month due,"
            " of all projects that owe it. The due day is a setting of the rule."
        ),
        unit="" if is_hidden else _of(total.reports_due),
        note=_("Monthly report for %(month)s") % {"month": f"{summary.period:%Y-%m}"},
        age=_changed(summary, "projects"),
        url=links.attention(rule="late_report"),
        metric="reports_late",
        explain=links.explain("reports_late"),
        tone="medium" if total.reports_late else "",
    )
