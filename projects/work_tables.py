"""The tables of the page "My work": one click from a row to its form."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from governance.formatting import integer
from governance.models import Agency
from governance.tabular import Badge, Column, Kind, Table, Text, build_table
from projects.register import KINDS
from projects.risk_text import title_of
from projects.services.changes import labels, url_of
from projects.work import SHOWN, ByAgency, Owed, Status, Work

_BADGES: Final[Mapping[Status, Badge]] = {
    Status.LATE: Badge(_("late"), "high", 0),
    Status.RETURNED: Badge(_("returned to you"), "medium", 1),
    Status.DUE: Badge(_("due"), "info", 2),
}


def _report_url(item: Owed) -> str:
    return reverse("projects:projects-report", args=[item.project.code, item.period])


def _page(slug: str) -> Callable[[Any], str]:
    return KINDS[slug].page_url


def _month(label: Text, read: Callable[[Any], Any]) -> Column[Any]:
    return Column("month", label, lambda row: f"{read(row):%Y-%m}")


_OWED: Final[tuple[Column[Any], ...]] = (
    Column("project", _("project"), lambda r: str(r.project), url=_report_url),
    _month(_("month"), lambda r: r.period),
    Column("due", _("due on"), lambda r: r.due, Kind.DATE),
    Column("status", _("status"), lambda r: _BADGES[r.status], Kind.CHOICE),
    Column("begun", _("begun"), lambda r: gettext("begun") if r.is_begun else gettext("not begun")),
    Column("why", _("why it was returned"), lambda r: r.return_reason or "–"),
)
_TO_APPROVE: Final[tuple[Column[Any], ...]] = (
    Column("project", _("project"), lambda r: str(r.project), url=_page("updates")),
    _month(_("month"), lambda r: r.period),
    Column("by", _("submitted by"), lambda r: str(r.submitted_by or "–")),
    Column("at", _("submitted at"), lambda r: r.submitted_at, Kind.DATETIME),
)
_BASELINES: Final[tuple[Column[Any], ...]] = (
    Column("project", _("project"), lambda r: str(r.project), url=_page("baselines")),
    Column("end", _("planned end"), lambda r: r.planned_end_on, Kind.DATE),
    Column("budget", _("budget at completion"), lambda r: r.budget_at_completion, Kind.YEN),
    Column("reason", _("reason"), lambda r: r.reason or "–"),
    Column("by", _("requested by"), lambda r: str(r.requested_by or "–")),
)
_CHANGES: Final[tuple[Column[Any], ...]] = (
    Column("record", _("record"), lambda r: r.object_name, url=url_of),
    Column("kind", _("kind"), lambda r: str(KINDS[r.kind].name)),
    Column("fields", _("fields"), labels),
    Column("reason", _("reason"), lambda r: r.reason),
    Column("by", _("requested by"), lambda r: str(r.requested_by or "–")),
)
_MUTES: Final[tuple[Column[Any], ...]] = (
    Column(
        "flag",
        _("risk flag"),
        lambda r: title_of(r.flag.rule_id),
        url=lambda r: reverse("flag-mute", args=[r.flag_id]),
    ),
    Column("subject", _("about"), lambda r: str(r.flag.subject)),
    Column("until", _("until"), lambda r: r.expires_on, Kind.DATE),
    Column("reason", _("reason"), lambda r: r.reason),
    Column("by", _("requested by"), lambda r: str(r.requested_by or "–")),
)
_ROLES: Final[tuple[Column[Any], ...]] = (
    Column(
        "account",
        _("Account name"),
        lambda r: r.user.username,
        url=lambda r: reverse("role-request", args=[r.pk]),
    ),
    Column("role", _("role"), lambda r: r.get_role_display()),
    Column("place", _("where"), lambda r: str(r.agency or r.project)),
    Column("reason", _("reason"), lambda r: r.reason or "–"),
    Column("by", _("requested by"), lambda r: str(r.requested_by or "–")),
)
_TO_PUBLISH: Final[tuple[Column[Any], ...]] = (
    Column("project", _("project"), lambda r: str(r.project), url=_page("updates")),
    _month(_("month"), lambda r: r.period),
    Column("at", _("approved at"), lambda r: r.approved_at, Kind.DATETIME),
)
_MISSING: Final[tuple[Column[Any], ...]] = (
    Column("project", _("project"), lambda r: str(r), url=_page("projects")),
    Column("agency", _("agency"), lambda r: str(r.agency)),
    Column("head", _("project leader"), lambda r: r.head_name or "–"),
)
_UNSETTLED: Final[tuple[Column[Any], ...]] = (
    Column(
        "system",
        _("system"),
        lambda r: str(r),
        url=lambda r: reverse("projects:systems-costs", args=[r.system_id]),
    ),
    Column("id", _("system ID"), lambda r: r.system_id),
)
_CASES: Final[tuple[Column[Any], ...]] = (
    Column("review", _("review"), lambda r: str(r.review_type), url=_page("reviews")),
    Column("about", _("about"), lambda r: str(r.project or r.system)),
    Column("due", _("due on"), lambda r: r.due_on, Kind.DATE),
)
_FINDINGS: Final[tuple[Column[Any], ...]] = (
    Column("finding", _("finding"), lambda r: r.text[:120], url=_page("findings")),
    Column("about", _("about"), lambda r: str(r.review)),
    Column("due", _("due on"), lambda r: r.due_on, Kind.DATE),
    Column(
        "answer", _("answer"), lambda r: gettext("answered") if r.answer else gettext("none yet")
    ),
)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the page."""

    id: str
    title: str
    lead: str
    table: Table


def sections(work: Work, agencies: Mapping[int, Agency]) -> list[Section]:
    """The parts that concern the reader, in the order in which to work."""
    month = f"{work.period:%Y-%m}"
    parts: list[tuple[str, Text, Text, Sequence[Column[Any]], Sequence[Any] | None]] = [
        (
            "owed",
            _("Reports to file"),
            gettext("For %(month)s, due on %(day)s.")
            % {"month": month, "day": f"{work.due:%Y-%m-%d}"},
            _OWED,
            work.owed,
        ),
        ("approve", _("Waiting for your approval"), "", _TO_APPROVE, work.to_approve),
        ("plans", _("Baselines waiting for your decision"), "", _BASELINES, work.to_decide or None),
        (
            "changes",
            _("Changes waiting for your decision"),
            "",
            _CHANGES,
            work.changes or None,
        ),
        ("mutes", _("Mutings of flags waiting for your decision"), "", _MUTES, work.mutes or None),
        ("roles", _("Roles waiting for you to agree"), "", _ROLES, work.roles or None),
        ("asked", _("Changes that you asked for"), "", _CHANGES, work.asked or None),
        ("agencies", _("Reports by agency"), "", _by_agency(agencies), work.by_agency),
        (
            "missing",
            _("Projects whose report has not come in"),
            "",
            _MISSING,
            work.missing_reports,
        ),
        (
            "unsettled",
            _("Systems without an executed figure"),
            gettext("Of the fiscal year %(year)s. The link opens the cost grid.")
            % {"year": work.settled_year},
            _UNSETTLED,
            work.unsettled,
        ),
        ("cases", _("Your reviews"), "", _CASES, work.cases),
        ("findings", _("Findings not settled yet"), "", _FINDINGS, work.findings),
        ("publish", _("Approved reports to publish"), "", _TO_PUBLISH, work.to_publish),
    ]
    return [
        Section(id_, str(title), str(lead), _table(id_, title, columns, rows, work))
        for id_, title, lead, columns, rows in parts
        if rows is not None
    ]


def _by_agency(agencies: Mapping[int, Agency]) -> tuple[Column[Any], ...]:
    def url(row: ByAgency) -> str:
        return reverse("reports:agency", args=[agencies[row.agency_id].code])

    return (
        Column("agency", _("agency"), lambda r: str(agencies[r.agency_id]), url=url),
        Column("owed", _("owed"), lambda r: r.owed, Kind.INTEGER),
        Column("filed", _("handed in"), lambda r: r.filed, Kind.INTEGER),
        Column("settled", _("of these approved"), lambda r: r.settled, Kind.INTEGER),
        Column("late", _("not reported"), lambda r: r.late, Kind.INTEGER),
    )


def _table(
    id_: str, title: Text, columns: Sequence[Column[Any]], rows: Sequence[Any], work: Work
) -> Table:
    is_whole = id_ in ("agencies", "owed")
    shown = rows if is_whole else rows[:SHOWN]
    count = ""
    if len(shown) < len(rows):
        total = work.unsettled_total if id_ == "unsettled" else 0
        count = (
            ngettext("The first of %(count)s.", "The first of %(count)s.", total)
            % {"count": integer(total)}
            if total
            else gettext("There are more; these come first.")
        )
    table = build_table(
        columns,
        shown,
        caption=str(title),
        caption_hidden=True,
        query={},
        empty_text=gettext("Nothing waits here."),
        id=f"work-{id_}",
    )
    return replace(table, count_text=count)
