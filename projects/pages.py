"""What the page of one register object shows: its facts, what hangs on it, and its story.

A constant number of queries: each kind that hangs on the object is read once, cut at `SHOWN`
rows, with an address at which the rest is listed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.db import models
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from governance.access import Action, Resource, can_somewhere, rights_of
from governance.formatting import integer, iso_date, moment
from governance.models import AuditEvent
from governance.tabular import (
    Badge,
    Column,
    ExportLink,
    Table,
    Text,
    Unknown,
    badge_html,
    build_table,
    export_links,
    unknown_html,
)
from governance.tabular import Kind as Shown
from projects import delivery
from projects.audit_list import history_columns
from projects.audit_text import entries
from projects.explain_links import explain_url
from projects.flag_links import readable_subject_url
from projects.flag_sight import FlagSight
from projects.goals import draws_goals
from projects.metric_text import REASONS, STATES
from projects.metrics import variance
from projects.metrics.types import Measure, Reason
from projects.models import (
    Baseline,
    Contract,
    Kpi,
    MonthlyUpdate,
    Project,
    Review,
    RiskFlag,
    System,
    YearRollup,
)
from projects.models.choices import SETTLED_STATES, FlagSeverity, RequestState
from projects.register import Child, Kind, can_read, children_of, parent_kind
from projects.risk_text import title_of
from projects.selectors import SEVERITIES, Criteria, Selection, Visible
from projects.tables import COLUMNS, column, fact_text, list_rows, year_columns
from projects.ties import Ties, can_add, children_url, new_child_url

# Rows of one kind on a page; the rest is one link away.
SHOWN: Final = 20

# Where one kind hangs on a page twice, by which role.
_CAPTIONS: Final[Mapping[tuple[str, str], Text]] = {
    ("kpi-links", "origin"): _("Goals it leads to"),
    ("kpi-links", "target"): _("Goals that lead to it"),
    ("lineage", "predecessor"): _("What became of it"),
    ("lineage", "successor"): _("What it came from"),
}
# Columns that say what the page itself says.
_OF_THE_HOLDER: Final = frozenset({"holder", "agency"})
# What the register keeps besides what people enter.
_FURTHER: Final[Mapping[str, tuple[Text, tuple[str, ...]]]] = {
    "systems": (_("Source"), ("source_note",)),
    "services": (_("Source"), ("system_names",)),
    "updates": (
        _("Course of the report"),
        (
            "revision",
            "submitted_at",
            "submitted_by",
            "returned_at",
            "returned_by",
            "return_reason",
            "approved_at",
            "approved_by",
            "published_at",
            "published_by",
        ),
    ),
    "baselines": (
        _("Course of the request"),
        (
            "number",
            "state",
            "agreed_on",
            "requested_at",
            "requested_by",
            "decided_at",
            "decided_by",
            "decision_reason",
        ),
    ),
}


# Facts --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fact:
    """A label and its value, ready to print."""

    label: str
    html: SafeString


@dataclass(frozen=True, slots=True)
class Section:
    heading: str
    facts: tuple[Fact, ...]


def sections(kind: Kind, obj: Any, user: Any) -> list[Section]:
    """Every field of `obj` in order. Cost: one query a many-to-many field."""
    found = [
        Section(str(heading), tuple(_facts(kind, obj, names, user)))
        for heading, names in kind.sections
    ]
    if kind.slug in _FURTHER:
        heading, names = _FURTHER[kind.slug]
        facts = tuple(_facts(kind, obj, names, user))
        if kind.slug == "updates":
            state = next(c for c in COLUMNS["updates"] if c.key == "state")
            facts = (_fact(state, obj), *facts)
        found.append(Section(str(heading), facts))
    return found


def _facts(kind: Kind, obj: Any, names: Iterable[str], user: Any) -> Iterator[Fact]:
    states = {kind.states(name) for name in kind.fields}
    for name in names:
        if name in states:
            continue
        if kind.field(name).many_to_many:
            yield _links_fact(kind, obj, name, user)
        else:
            yield _fact(column(kind, name), obj, is_prose=_is_prose(kind, name))


def _is_prose(kind: Kind, name: str) -> bool:
    return isinstance(kind.field(name), models.TextField)


def _fact(shown: Column[Any], obj: Any, *, is_prose: bool = False) -> Fact:
    value = shown.read(obj)
    label = str(capfirst(str(shown.label)))
    if isinstance(value, Unknown):
        return Fact(label, unknown_html(value))
    if isinstance(value, Badge):
        return Fact(label, badge_html(value))
    if is_prose:
        return Fact(label, SafeString(linebreaks(str(value), autoescape=True)))
    html = conditional_escape(fact_text(value, shown))
    url = None if shown.url is None else shown.url(obj)
    return Fact(label, format_html('<a href="{}">{}</a>', url, html) if url else html)


def _links_fact(kind: Kind, obj: Any, name: str, user: Any) -> Fact:
    """Links to what `obj` names that the reader may see."""
    other = parent_kind(kind, name)
    rows = other.objects.visible_to(user).filter(pk__in=getattr(obj, name).order_by().values("pk"))
    found = list(rows[: SHOWN + 1])
    label = str(capfirst(str(kind.field(name).verbose_name)))
    if not found:
        return Fact(label, unknown_html(Unknown("missing")))
    links = format_html_join(
        "",
        '<li><a href="{}">{}</a></li>',
        ((other.page_url(row), str(row)) for row in found[:SHOWN]),
    )
    more = SafeString("")
    if len(found) > SHOWN:
        more = format_html("<li>{}</li>", gettext("and more"))
    return Fact(label, format_html('<ul class="plain-list">{}{}</ul>', links, more))


# What hangs on an object ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hanging:
    """Rows of one kind that hang on an object. `new_url` is "" where the reader may add none."""

    id: str
    title: str
    table: Table
    is_cut: bool
    all_url: str
    all_text: str
    new_url: str
    new_text: str


def hanging(kind: Kind, obj: Any, user: Any, ties: Ties) -> list[Hanging]:
    """What hangs on `obj`, a table a kind, in the order of the register.

    Cost: one query a kind, one more where there are rows than shown.
    """
    return [
        _hanging(child, kind, obj, user, ties)
        for child in children_of(kind)
        if can_read(user, child.kind) and not (child.kind.model is Kpi and draws_goals(kind))
    ]


def _hanging(child: Child, kind: Kind, obj: Any, user: Any, ties: Ties) -> Hanging:
    rows = list_rows(
        child.kind, child.kind.objects.visible_to(user).filter(**{child.field: obj}), user
    )
    found = list(rows[: SHOWN + 1])
    is_cut = len(found) > SHOWN
    title = _CAPTIONS.get((child.kind.slug, child.field)) or capfirst(str(child.kind.plural))
    total = rows.count() if is_cut else len(found)
    return Hanging(
        id=f"{child.kind.slug}-{child.field}",
        title=str(title),
        table=build_table(
            _unsorted(COLUMNS[child.kind.slug], without={child.field, *_OF_THE_HOLDER}),
            found[:SHOWN],
            caption=title,
            caption_hidden=True,
            query={},
            empty_text=gettext("None on record."),
            exports=_files(child.kind.slug, children_url(child, kind, obj)),
        ),
        is_cut=is_cut,
        all_url=children_url(child, kind, obj),
        all_text=ngettext("See all %(count)s", "See all %(count)s", total)
        % {"count": integer(total)},
        # A report has a page of its own, which the head of the project's page leads to.
        new_url=new_child_url(child, kind, obj)
        if child.kind.slug != "updates" and can_add(user, child.kind, ties)
        else "",
        new_text=gettext("Add: %(kind)s") % {"kind": child.kind.name},
    )


def _files(slug: str, list_url: str) -> tuple[ExportLink, ...]:
    """Files of the list behind a part of the page: all of its rows, under the same filter."""
    query = QueryDict(urlsplit(list_url).query)
    return export_links(lambda fmt: reverse(f"reports:{slug}-export", args=[fmt]), query)


def _unsorted(columns: Sequence[Column[Any]], without: Iterable[str]) -> list[Column[Any]]:
    """Columns for a table that is part of a page: its order is not the reader's to choose."""
    return [replace(shown, sort="") for shown in columns if shown.key not in without]


# Flags ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FlagNote:
    """An open flag in words."""

    severity: str
    flag_url: str
    title: str
    subject: str
    url: str
    why: str
    clears_when: str
    opened_on: date
    muted_until: date | None
    mute_url: str


def _about(kind: Kind, obj: Any) -> Q | None:
    """Flags that speak of `obj`: on itself, its contracts and its reviews."""
    if kind.model is System:
        return Q(system=obj) | Q(contract__system=obj) | Q(review__system=obj)
    if kind.model is Project:
        return Q(project=obj) | Q(contract__project=obj) | Q(review__project=obj)
    if kind.model is Contract:
        return Q(contract=obj)
    if kind.model is Review:
        return Q(review=obj)
    return None


def flags(kind: Kind, obj: Any, user: Any, on: date) -> list[FlagNote] | None:
    """Open flags, the gravest first; None where rules do not judge the kind, or the reader has no
    right to flags. Cost: one query; one more for a role of a project, on flags of systems."""
    about = _about(kind, obj)
    if about is None or not can_somewhere(user, Action.READ, Resource.FLAG):
        return None
    rank = {severity.value: number for number, severity in enumerate(SEVERITIES)}
    found = sorted(
        Selection(Visible(user), Criteria(), on)
        .standing_flags()
        .filter(about)
        .select_related(
            "system",
            "project",
            "contract",
            "review__review_type",
            "review__system",
            "review__project",
        ),
        key=lambda flag: (
            flag.is_muted(on),
            rank[flag.severity],
            flag.opened_on,
            flag.pk,
        ),
    )
    may_mute = can_somewhere(user, Action.FLAG, Resource.FLAG)
    sight = FlagSight(user)
    return [_flag_note(flag, on, user, sight, may_mute=may_mute) for flag in found]


def _flag_note(
    flag: RiskFlag, on: date, user: Any, sight: FlagSight, *, may_mute: bool
) -> FlagNote:
    note = sight.note(flag)
    return FlagNote(
        severity=flag.severity,
        flag_url=reverse("flag", args=[flag.pk]),
        title=title_of(flag.rule_id),
        subject=sight.subject(flag),
        url=readable_subject_url(flag, user),
        why=note.why,
        clears_when=note.clears_when,
        opened_on=flag.opened_on,
        muted_until=flag.muted_until if flag.is_muted(on) else None,
        mute_url=reverse("flag-mute", args=[flag.pk])
        if may_mute and flag.severity != FlagSeverity.UNKNOWN and flag.closed_on is None
        else "",
    )


# Against the plan -----------------------------------------------------------------------------------


def against_plan(kind: Kind, obj: Any, user: Any, on: date) -> Table | None:
    """What the latest approved report expects, recomputed for the day and held against the first
    plan that was agreed and the current one: re-baselining hides no slip. Who may not read the
    project's reports sees the plans, and is told that the rest is not shown. None for other kinds, and without a plan.

    Cost: two queries.
    """
    if kind.model is not Project or not can_somewhere(user, Action.READ, Resource.BASELINE):
        return None
    agreed = list(
        Baseline.objects.visible_to(user)
        .filter(project=obj, state=RequestState.APPROVED)
        .order_by("number")
    )
    if not agreed:
        return None
    reach = rights_of(user).reach(Resource.UPDATE, Action.READ)
    is_shown = reach.everything or obj.agency_id in reach.agency_ids or obj.pk in reach.project_ids
    last = (
        MonthlyUpdate.objects.visible_to(user)
        .filter(project=obj, state__in=SETTLED_STATES)
        .order_by("-period", "-revision")
        .first()
    )
    plans = [agreed[0]] if len(agreed) == 1 else [agreed[0], agreed[-1]]
    month = "" if last is None else f"{last.period:%Y-%m}"
    return build_table(
        _plan_columns(obj, last, on, is_rebaselined=len(plans) > 1, is_shown=is_shown),
        [delivery.against(last, plan, on) for plan in plans],
        caption=_against(on, month if is_shown else ""),
        query={},
    )


def _against(on: date, month: str) -> str:
    """The heading; without the month of a report where there is none, or none for the reader."""
    if not month:
        return _("Against the plan on %(day)s") % {"day": iso_date(on)}
    said = {"day": iso_date(on), "month": month}
    return _("Against the plan on %(day)s, from the report for %(month)s") % said


def _plan_columns(
    project: Project,
    last: MonthlyUpdate | None,
    on: date,
    *,
    is_rebaselined: bool,
    is_shown: bool,
) -> tuple[Column[delivery.Against], ...]:
    def name(row: delivery.Against) -> str:
        number = row.plan.number or 0
        if not is_rebaselined:
            return gettext("baseline %(n)d") % {"n": number}
        if number == 1:
            return gettext("first baseline")
        return gettext("current baseline (%(n)d)") % {"n": number}

    def explained(metric: str) -> Callable[[delivery.Against], str | None]:
        def url(row: delivery.Against) -> str | None:
            if last is None:
                return None
            plan = "first" if row.plan.number == 1 else "current"
            return f"{explain_url(metric, project)}&plan={plan}"

        return url

    def told(value: Callable[[delivery.Against], object]) -> Callable[[delivery.Against], object]:
        """What the report says, or that it is not for this reader."""
        return value if is_shown else lambda _row: Unknown("not_shown")

    return (
        Column("plan", _("plan"), name),
        Column("end", _("planned end"), lambda row: row.plan.planned_end_on, Shown.DATE),
        Column(
            "expected",
            _("expected end"),
            told(lambda row: variance.expected_end(delivery.plan_dates(last, row.plan), on)),
            Shown.DATE,
            definition=_("The forecast while it lies ahead, else the day itself."),
        ),
        Column(
            "days",
            _("days early (+) or late (−)"),
            told(lambda row: _whole(row.days.amount)),
            Shown.INTEGER,
            url=explained("schedule_variance_days"),
            metric="schedule_variance_days",
        ),
        Column("schedule", _("schedule"), told(lambda row: STATES[row.schedule_state])),
        Column(
            "budget",
            _("budget at completion"),
            lambda row: row.plan.budget_at_completion,
            Shown.YEN,
        ),
        Column(
            "cost",
            _("forecast final cost"),
            told(lambda _row: None if last is None else last.forecast_cost),
            Shown.YEN,
        ),
        Column(
            "yen",
            _("under (+) or over (−)"),
            told(lambda row: _whole(row.money.amount)),
            Shown.YEN,
            url=explained("cost_variance"),
            metric="cost_variance",
        ),
        Column("spending", _("cost"), told(lambda row: STATES[row.cost_state])),
    )


def _whole(measure: Measure) -> object:
    if measure.value is None:
        return Unknown("undefined", REASONS[measure.reason or Reason.NO_DATA])
    return int(measure.value.to_integral_value())


def phasing(kind: Kind, obj: Any, user: Any) -> Table | None:
    """The time-phased plan of a baseline, month by month. Cost: one query."""
    if kind.model is not Baseline:
        return None
    columns: tuple[Column[Any], ...] = (
        Column("month", _("month"), lambda row: f"{row.period:%Y-%m}"),
        Column("amount", _("planned value to date"), lambda row: row.amount, Shown.YEN),
    )
    rows = list(obj.planned_values.all())
    if not rows:
        return None
    return build_table(columns, rows, caption=_("Time-phased plan"), query={})


# Years, story, source -----------------------------------------------------------------------------------


def year_rows(kind: Kind, obj: Any, user: Any) -> QuerySet[YearRollup, YearRollup] | None:
    """Yearly figures of a system or project, the latest first; None where there can be none for
    this reader. Queries nothing yet."""
    if kind.model not in (System, Project) or not can_somewhere(user, Action.READ, Resource.SYSTEM):
        return None
    field = "system" if kind.model is System else "project"
    return YearRollup.objects.visible_to(user).filter(**{field: obj}).order_by("-fiscal_year")


def years(kind: Kind, obj: Any, user: Any) -> Table | None:
    """Cost and online use by fiscal year, of a system or project. Cost: one query."""
    rows = year_rows(kind, obj, user)
    if rows is None:
        return None
    return build_table(
        year_columns(obj),
        rows,
        caption=_("Cost and online use by fiscal year"),
        caption_hidden=True,
        query={},
        empty_text=gettext("No figure of any year is on record."),
        exports=export_links(
            lambda fmt: reverse(f"reports:{kind.slug}-years", args=[kind.key_of(obj), fmt]), {}
        ),
    )


@dataclass(frozen=True, slots=True)
class History:
    table: Table
    all_url: str


def history(kind: Kind, obj: models.Model, user: Any) -> History | None:
    """The latest events of `obj`, for those who may read the audit trail. Cost: one query, and
    one a kind of object that the events refer to."""
    if not can_somewhere(user, Action.READ, Resource.AUDIT):
        return None
    asked = {"type": str(kind.model._meta.model_name), "key": str(obj.pk)}
    events = AuditEvent.objects.filter(object_type=asked["type"], object_key=asked["key"])
    return History(
        build_table(
            history_columns(),
            entries(events.order_by("-seq")[:SHOWN]),
            caption=_("Audit trail of this record"),
            caption_hidden=True,
            query={},
            exports=export_links(lambda fmt: reverse("reports:audit-export", args=[fmt]), asked),
            empty_text=gettext(
                "No event names this record alone; it may have come with an import."
            ),
        ),
        f"{reverse('audit-list')}?{urlencode(asked)}",
    )


@dataclass(frozen=True, slots=True)
class SourceFile:
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who wrote the record last, and which file brought it, if one did."""

    changed_at: str
    changed_by: str
    version: int
    import_name: str
    imported_at: str
    files: tuple[SourceFile, ...]


def provenance(obj: Any) -> Provenance:
    """Cost: none where the writer and the import were joined."""
    run = getattr(obj, "import_run", None)
    return Provenance(
        changed_at=moment(obj.updated_at),
        changed_by="" if obj.updated_by is None else str(obj.updated_by),
        version=obj.version,
        import_name="" if run is None else run.kind,
        imported_at="" if run is None else moment(run.started_at),
        files=()
        if run is None
        else tuple(SourceFile(f.get("name", ""), f.get("sha256", "")) for f in run.files),
    )
