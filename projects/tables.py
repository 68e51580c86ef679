"""The columns of every register list: one list a kind feeds page, CSV and XLSX.

A field of a model becomes a column by its type; what a field alone does not tell (units, ratios,
links, figures taken from elsewhere) is said here. Pages of one object use the same columns as
labelled facts, so that a figure reads the same wherever it stands.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.db import models
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from governance import formatting
from governance.access import Action, Resource, rights_of
from governance.fields.columns import FiscalYear
from governance.formatting import fiscal_year
from governance.models import Agency, User
from governance.models.base import Master
from governance.tabular import Badge, Column, Kind, Text, Tone, Unknown, display
from projects import ends
from projects.explain_links import explain_url
from projects.metrics.dictionary import METRIC_OF_FIGURE
from projects.metrics.types import ratio
from projects.models import (
    Kpi,
    MonthlyUpdate,
    Project,
    Review,
    Service,
    ServiceYear,
    System,
    YearRollup,
)
from projects.models.choices import FILED_STATES, Stage, UpdateState
from projects.register import KINDS, kind_of
from projects.register import Kind as RegisterKind
from projects.selectors import reports_read

AnyColumn = Column[Any]

_UNITS: Final[Mapping[str, Text]] = {
    "rto_hours": _("hours"),
    "rpo_hours": _("hours"),
    "minutes_per_case": _("minutes"),
    "progress_percent": "%",
    "cases": _("cases"),
    "online_cases": _("cases"),
    "started_cases": _("cases"),
    "satisfaction_answers": _("answers"),
}
# By which field lists order rows that name another object.
_NAMED_BY: Final[Mapping[type[models.Model], str]] = {
    Agency: "order",
    System: "name",
    Project: "name",
    Service: "name",
    Kpi: "title",
    Review: "fiscal_year",
    User: "username",
}
_STATE_TONES: Final[Mapping[str, Tone]] = {
    UpdateState.DRAFT: "unknown",
    UpdateState.SUBMITTED: "info",
    UpdateState.RETURNED: "medium",
    UpdateState.APPROVED: "ok",
    UpdateState.PUBLISHED: "ok",
}


def unit_of(name: str) -> Text:
    """The unit of a field that is no money, by its name; "" where it has none."""
    return _UNITS.get(name, "")


def column(kind: RegisterKind, name: str, *, label: Text = "", own: bool = False) -> AnyColumn:
    """The column of one field; `own` makes it the link to the row's own page."""
    field = kind.field(name)
    return Column(
        key=name,
        label=label or _label(field),
        value=_reader(kind, field),
        kind=_kind(kind, field),
        unit=_UNITS.get(name, ""),
        sort=_sort_path(field),
        url=kind.page_url if own else _link(field),
        definition=field.help_text or "",
    )


def _label(field: "models.Field[Any, Any]") -> Text:
    label: Text = field.verbose_name
    return label if isinstance(label, Promise) else str(label)


def is_year(field: "models.Field[Any, Any]") -> bool:
    """Whether a field holds a fiscal year."""
    return isinstance(field, FiscalYear) or field.name.endswith("_year")


def is_ratio(field: "models.Field[Any, Any]") -> bool:
    """Whether a field holds a share from 0 to 1."""
    return field.name.endswith("_ratio")


def _kind(kind: RegisterKind, field: "models.Field[Any, Any]") -> Kind:
    if field.is_relation or field.name == "period":
        return Kind.TEXT
    if field.choices:
        return Kind.CHOICE
    if field.name in kind.yen:
        return Kind.YEN
    if is_year(field):
        return Kind.YEAR
    if is_ratio(field):
        return Kind.RATIO
    for field_type, column_kind in _KINDS_OF_FIELDS:
        if isinstance(field, field_type):
            return column_kind
    return Kind.TEXT


_KINDS_OF_FIELDS: Final[tuple[tuple[type["models.Field[Any, Any]"], Kind], ...]] = (
    (models.DateTimeField, Kind.DATETIME),
    (models.DateField, Kind.DATE),
    (models.BooleanField, Kind.BOOL),
    (models.DecimalField, Kind.DECIMAL),
    (models.IntegerField, Kind.INTEGER),
)


def _reader(kind: RegisterKind, field: "models.Field[Any, Any]") -> Callable[[Any], object]:
    name = field.name
    if field.choices:
        return lambda row: _chosen(row, name)
    if name == "period":
        return lambda row: f"{row.period:%Y-%m}"
    if isinstance(field, models.JSONField):
        return lambda row: _pairs(getattr(row, name)) or None
    state = kind.states(name)
    if state:
        return lambda row: _figure(getattr(row, name), getattr(row, state))
    if field.is_relation:
        return lambda row: ends.word(row, name)
    return lambda row: _present(getattr(row, name))


def _chosen(row: Any, name: str) -> str | None:
    if getattr(row, name) is None:
        return None
    return str(getattr(row, f"get_{name}_display")()) or None


def _present(value: object) -> object:
    # A ratio that nobody entered is missing, not one that cannot be computed.
    return Unknown("missing") if value is None or value == "" else value


def _figure(value: object, state: str) -> object:
    """The figure, or why it is not there."""
    if value is not None:
        return value
    return Unknown("missing") if state == "reported" else Unknown(state)  # type: ignore[arg-type]


def _pairs(value: object) -> str:
    if not isinstance(value, dict):
        return str(value)
    return ", ".join(f"{name} = {item}" for name, item in sorted(value.items()))


def _sort_path(field: "models.Field[Any, Any]") -> str:
    if isinstance(field, models.ManyToManyField | models.JSONField | models.TextField):
        return ""
    related = field.related_model
    if not isinstance(related, type):
        return field.name
    path = "order" if issubclass(related, Master) else _NAMED_BY.get(related, "pk")
    return f"{field.name}__{path}"


def _link(field: "models.Field[Any, Any]") -> Callable[[Any], str | None] | None:
    related = field.related_model
    if not isinstance(related, type) or related is User or issubclass(related, Master):
        return None
    name, kind = field.name, kind_of(related)

    def url(row: Any) -> str | None:
        if ends.is_unseen(row, name) or getattr(row, name) is None:
            return None
        return kind.page_url(getattr(row, name))

    return url


# Columns that are no field ----------------------------------------------------------------------


def _number(kind: RegisterKind) -> AnyColumn:
    """The number of the row, for kinds whose objects have no name."""
    return Column(
        "number", _("No."), lambda row: f"#{row.pk}", sort="pk", url=lambda row: kind.page_url(row)
    )


def _owner() -> AnyColumn:
    """Whose work a row is: an account, or a name outside of this site."""
    return Column(
        "owner",
        _("owner"),
        lambda row: (
            ends.UNSEEN
            if ends.is_unseen(row, "owner_user")
            else row.owner_name or Unknown("missing")
        ),
        sort="owner_user__username",
    )


def _holder() -> AnyColumn:
    """The system or project that a row hangs on: always exactly one."""

    def end(row: Any) -> str:
        return "project" if row.system_id is None else "system"

    def url(row: Any) -> str | None:
        holder = getattr(row, end(row))
        return None if ends.is_unseen(row, end(row)) else kind_of(holder).page_url(holder)

    return Column("holder", _("system or project"), lambda row: ends.word(row, end(row)), url=url)


def _share(part: int | None, whole: int | None) -> object:
    if part is None or whole is None:
        return Unknown("missing")
    return ratio(part, whole).value


def _online_use(
    cases: str, online: str, url: Callable[[Any], str | None] | None = None
) -> AnyColumn:
    return Column(
        "online_use",
        _("online use"),
        lambda row: _share(getattr(row, online), getattr(row, cases)),
        Kind.RATIO,
        url=url,
        metric="digital_take_up",
        definition=_("Online cases ÷ cases of the year, where both are reported."),
    )


def _state(row: MonthlyUpdate) -> Badge:
    return Badge(row.get_state_display(), _STATE_TONES[row.state], _STATE_RANK[row.state])


def _last_report(row: Any) -> object:
    """The month, where the reader may read the project's reports; else a dash would say that none
    came in."""
    if not row.reads_reports:
        return Unknown("not_shown")
    return None if row.last_report is None else f"{row.last_report:%Y-%m}"


_STATE_RANK: Final[Mapping[str, int]] = {state: rank for rank, state in enumerate(UpdateState)}


def _columns(slug: str, own: str, *rest: str | AnyColumn) -> tuple[AnyColumn, ...]:
    kind = KINDS[slug]
    first = _number(kind) if own == "#" else column(kind, own, own=True)
    return (
        first,
        *(column(kind, item) if isinstance(item, str) else item for item in rest),
    )


COLUMNS: Final[Mapping[str, tuple[AnyColumn, ...]]] = {
    "systems": _columns(
        "systems",
        "name",
        "system_id",
        "agency",
        "status",
        Column(
            "executed",
            _("executed, latest year"),
            lambda row: row.executed,
            Kind.YEN,
            sort="executed",
            url=lambda row: explain_url("executed_cost", row, row.executed_year),
            metric="executed_cost",
            definition=_("Executed yen of the latest fiscal year with a figure."),
        ),
        Column(
            "executed_year",
            _("in fiscal year"),
            lambda row: row.executed_year,
            Kind.YEAR,
            sort="executed_year",
            definition=_("The fiscal year of the executed yen."),
        ),
        _online_use(
            "latest_cases", "latest_online_cases", lambda row: explain_url("digital_take_up", row)
        ),
        "system_class",
        "profile",
        "hosting",
        "go_live_on",
        "next_renewal_year",
        "next_renewal_cost",
    ),
    "projects": _columns(
        "projects",
        "name",
        "code",
        "agency",
        "phase",
        "is_priority",
        "head_name",
        "started_on",
        "ended_on",
        Column(
            "last_report",
            _("last report"),
            _last_report,
            sort="last_report",
            definition=_("The latest month whose report was submitted or approved."),
        ),
    ),
    "services": _columns(
        "services",
        "name",
        "service_id",
        "agency",
        "procedure_type",
        "law",
        "user_group",
        "online_status",
        Column(
            "latest_cases",
            _("cases, latest year"),
            lambda row: row.latest_cases,
            Kind.INTEGER,
            sort="latest_cases",
            definition=_("Cases of the latest fiscal year with a figure."),
        ),
        _online_use(
            "latest_cases", "latest_online_cases", lambda row: explain_url("digital_take_up", row)
        ),
    ),
    "contracts": _columns(
        "contracts",
        "title",
        "contract_id",
        "agency",
        "system",
        "project",
        "vendor",
        "fiscal_year",
        "signed_on",
        "method",
        "amount",
        "bidders",
        "award_ratio",
    ),
    "agencies": _columns("agencies", "name", "code", "parent", "order", "valid_from", "valid_to"),
    "cost-lines": _columns(
        "cost-lines",
        "#",
        _holder(),
        "budget_year",
        "stage",
        "cost_item",
        Column(
            "cost_class",
            _("cost class"),
            lambda row: str(row.cost_item.get_cost_class_display()),
            Kind.CHOICE,
            sort="cost_item__cost_class",
        ),
        "account",
        "amount",
        "sheet_year",
        "note",
    ),
    "service-years": _columns(
        "service-years",
        "fiscal_year",
        "service",
        "cases",
        "online_cases",
        _online_use(
            "cases",
            "online_cases",
            lambda row: explain_url("digital_take_up", row.service, row.fiscal_year),
        ),
        "started_cases",
        "minutes_per_case",
        "satisfaction_ratio",
        "satisfaction_answers",
    ),
    "updates": _columns(
        "updates",
        "period",
        "project",
        Column("state", _("state"), _state, Kind.CHOICE, sort="state"),
        column(KINDS["updates"], "revision"),
        "progress_percent",
        "planned_value",
        "earned_value",
        "actual_cost",
        "forecast_cost",
        "forecast_end_on",
        "confidence",
        "submitted_by",
        "submitted_at",
    ),
    "baselines": _columns(
        "baselines",
        "state",
        "project",
        "number",
        "agreed_on",
        "planned_start_on",
        "planned_end_on",
        "budget_at_completion",
        "reason",
    ),
    "milestones": _columns(
        "milestones", "name", "project", "kind", "planned_on", "forecast_on", "actual_on"
    ),
    "kpis": _columns(
        "kpis", "title", "code", _holder(), "kind", "horizon", "indicator", "unit", "direction"
    ),
    "kpi-links": _columns("kpi-links", "#", "origin", "target", "reason"),
    "kpi-values": _columns(
        "kpi-values",
        "fiscal_year",
        "kpi",
        "target",
        "actual",
        Column("unit", _("unit"), lambda row: row.kpi.unit or None, sort="kpi__unit"),
        "method_version",
    ),
    "benefits": _columns(
        "benefits", "fiscal_year", "project", "kind", "planned", "realised", "method"
    ),
    "risks": _columns(
        "risks",
        "title",
        "project",
        "kind",
        "probability",
        "impact",
        "status",
        _owner(),
        "due_on",
        "closed_on",
    ),
    "reviews": _columns(
        "reviews",
        "review_type",
        _holder(),
        "fiscal_year",
        "reviewer",
        "due_on",
        "held_on",
        "is_complete",
        "verdict",
        "response",
        "reflected_amount",
    ),
    "findings": _columns(
        "findings", "text", "review", "category", "weight", _owner(), "due_on", "accepted_on"
    ),
    "lineage": _columns("lineage", "#", "predecessor", "kind", "successor", "happened_on", "note"),
    "plan-actions": _columns(
        "plan-actions",
        "title",
        "code",
        "agency",
        "strand",
        "responsible",
        "start_year",
        "end_year",
        "kpi",
        "status",
    ),
    "targets": _columns(
        "targets",
        "title",
        "code",
        "agency",
        "metric_id",
        "direction",
        "base_year",
        "base_value",
        "target_year",
        "target_value",
        "unit",
        "source",
    ),
    "system-classes": _columns(
        "system-classes", "name", "code", "name_en", "order", "valid_from", "valid_to"
    ),
    "cost-items": _columns(
        "cost-items", "name", "code", "name_en", "cost_class", "order", "valid_from", "valid_to"
    ),
    "review-types": _columns(
        "review-types",
        "name",
        "code",
        "name_en",
        "layer",
        "stage_no",
        "phase",
        "order",
        "valid_from",
        "valid_to",
    ),
    "role-terms": _columns("role-terms", "role", "name", "name_en", "valid_from", "valid_to"),
    "risk-policies": _columns(
        "risk-policies", "rule_id", "parameters", "reason", "valid_from", "valid_to"
    ),
}


# Figures that lists take from elsewhere ------------------------------------------------------------


def _latest(rows: QuerySet[Any], value: str) -> Subquery:
    return Subquery(rows.order_by("-fiscal_year").values(value)[:1])


def with_figures(kind: RegisterKind, rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """`rows` with the figures that its columns take from rollups and from the reports that `user`
    may read. The database computes them for the rows of a page alone, unless the list is sorted by them."""
    figures: dict[str, Any] = {}
    if kind.model is System:
        rollups = YearRollup.objects.filter(system=OuterRef("pk"))
        spent = rollups.filter(executed__isnull=False)
        used = rollups.filter(cases__isnull=False, online_cases__isnull=False)
        figures = {
            "executed": _latest(spent, "executed"),
            "executed_year": _latest(spent, "fiscal_year"),
            "latest_cases": _latest(used, "cases"),
            "latest_online_cases": _latest(used, "online_cases"),
        }
    elif kind.model is Service:
        years = ServiceYear.objects.filter(service=OuterRef("pk"), cases__isnull=False)
        figures = {
            "latest_cases": _latest(years, "cases"),
            "latest_online_cases": _latest(years, "online_cases"),
        }
    elif kind.model is Project:
        seen = MonthlyUpdate.objects.visible_to(user)
        reports = seen.filter(project=OuterRef("pk"), state__in=FILED_STATES)
        read = Project.objects.filter(
            reports_read(rights_of(user).reach(Resource.UPDATE, Action.READ))
        )
        figures = {
            "last_report": Subquery(reports.order_by("-period").values("period")[:1]),
            "reads_reports": Exists(read.filter(pk=OuterRef("pk"))),
        }
    found: QuerySet[Any] = rows.annotate(**figures)
    return found


def list_rows(kind: RegisterKind, rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """`rows` ready for the columns of the kind and for the eyes of `user`: everything that a cell
    reads is in one query."""
    return ends.with_marks(with_figures(kind, rows.select_related(*kind.related), user), user)


# The years of a system or project -------------------------------------------------------------------

_YEAR_STAGES: Final = (
    Stage.REQUESTED,
    Stage.INITIAL,
    Stage.SUPPLEMENTARY,
    Stage.AVAILABLE,
    Stage.EXECUTED,
)


def _amount(name: str) -> Callable[[YearRollup], object]:
    return lambda row: getattr(row, name)


def year_columns(holder: models.Model) -> tuple[Column[YearRollup], ...]:
    """Cost by budget stage and class, and online use, of one holder by fiscal year."""

    def explained(metric: str) -> Callable[[YearRollup], str | None] | None:
        return (lambda row: explain_url(metric, holder, row.fiscal_year)) if metric else None

    def yen(name: str, label: Text, definition: Text = "") -> Column[YearRollup]:
        metric = METRIC_OF_FIGURE.get(name, "")
        return Column(
            name,
            label,
            _amount(name),
            Kind.YEN,
            url=explained(metric),
            definition=definition,
            metric=metric,
        )

    return (
        Column("fiscal_year", _("fiscal year"), lambda row: row.fiscal_year, Kind.YEAR),
        *(yen(stage.value, stage.label) for stage in _YEAR_STAGES),
        *(
            yen(name, label, _("Executed yen of this cost class."))
            for name, label in (
                ("development", _("of it development (整備)")),
                ("operation", _("of it operation (運用等)")),
                ("other", _("of it other (その他)")),
            )
        ),
        Column(
            "execution_rate",
            _("execution rate"),
            lambda row: _share(row.executed, row.available),
            Kind.RATIO,
            url=explained("execution_rate"),
            definition=_("Executed ÷ available budget of the year."),
            metric="execution_rate",
        ),
        _online_use("cases", "online_cases", explained("digital_take_up")),
    )


# Facts of one object --------------------------------------------------------------------------------


def fact_text(value: object, shown: AnyColumn) -> str:
    """A known value as a page of one object says it: with its unit, dates with their era year."""
    if shown.kind is Kind.YEN and isinstance(value, int):
        return formatting.yen(value)
    if shown.kind is Kind.DATE:
        return formatting.era_date(value)  # type: ignore[arg-type]
    if shown.kind is Kind.YEAR and isinstance(value, int):
        return fiscal_year(value)
    text = display(value, shown.kind)
    unit = str(shown.unit)
    if not unit:
        return text
    return f"{text}{unit}" if unit == "%" else f"{text} {unit}"
