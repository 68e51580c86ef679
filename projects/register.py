"""The kinds of register objects: one entry each, feeding pages, forms, API and exports.

A new kind of object is one line here (and its columns in `projects.tables`): its list, page,
forms, export, API and its place in the permission matrix follow.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from governance.access import Action, Resource, rights_of
from governance.models import Agency, PlanAction, RiskPolicy, RoleTerm, Target
from governance.querysets import ScopedQuerySet
from governance.tabular import Text
from projects.models import (
    Baseline,
    Benefit,
    Contract,
    CostItem,
    CostLine,
    Finding,
    Kpi,
    KpiLink,
    KpiValue,
    Milestone,
    MonthlyUpdate,
    Project,
    Review,
    ReviewType,
    Risk,
    Service,
    ServiceYear,
    System,
    SystemClass,
    SystemLineage,
)

# Parts of addresses that mean something else.
_TAKEN = frozenset({"new", ".", ".."})
_FIT_FOR_ADDRESS = re.compile(r"[^/\x00-\x1f\x7f]+")
UNUSABLE = _(
    "This ID cannot be used: choose another one. “/”, “new” and unprintable characters never can."
)
"""Told of a key that no address can hold and of one that an unseen record has taken: whoever may
not see a record does not learn from a refusal that it is there."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of register object.

    `key` is the field that names an object in URLs and in the API; `fields` are what people
    enter, in form order; `parents` are the foreign keys by which a page lists its children
    (?system=…); `search` the fields that the text filter and the global search look at;
    `related` what lists join in one query. `headings` name the field at which a section of pages
    and forms begins; `yen` are the fields that hold money; `filters` what lists narrow by,
    besides text, agency and parents.
    """

    slug: str
    model: type[models.Model]
    fields: tuple[str, ...]
    key: str = "pk"
    parents: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    headings: tuple[tuple[str, Text], ...] = ()
    yen: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    # Fields that a service sets besides those that people enter in the form of the kind.
    service_fields: tuple[str, ...] = ()
    globally_searched: bool = False
    is_master: bool = False
    # Few enough to be offered in full where a form asks for one; others are asked for by key.
    is_short: bool = False
    # Some records of account are only ever followed by a new one.
    is_editable: bool = True

    @property
    def objects(self) -> ScopedQuerySet[Any]:
        """All rows, unscoped: narrow with `visible_to` before anything else."""
        return self.model._default_manager.all()  # type: ignore[return-value]

    @property
    def resources(self) -> tuple[Resource, ...]:
        """The resources of the grants table that rows of this kind belong to."""
        lines = self.model.access  # type: ignore[attr-defined]
        return tuple(dict.fromkeys(line.resource for line in lines))

    def key_of(self, obj: models.Model) -> str:
        return str(getattr(obj, self.key))

    def allows(self, action: Action) -> bool:
        """Whether the kind knows this action at all."""
        return action is not Action.EDIT or self.is_editable

    @property
    def has_own_key(self) -> bool:
        """Whether people name an object by a key they gave it, not by the number of its row."""
        return self.key != "pk"

    @property
    def name(self) -> Text:
        return self.model._meta.verbose_name or self.slug

    @property
    def plural(self) -> Text:
        return self.model._meta.verbose_name_plural or self.slug

    @property
    def sections(self) -> tuple[tuple[Text, tuple[str, ...]], ...]:
        """The fields in order, cut where a heading begins; the first section may have none."""
        headings = dict(self.headings)
        sections: list[tuple[Text, list[str]]] = []
        for name in self.fields:
            if name in headings or not sections:
                sections.append((headings.get(name, ""), []))
            sections[-1][1].append(name)
        return tuple((heading, tuple(names)) for heading, names in sections)

    def field(self, name: str) -> "models.Field[Any, Any]":
        """A field of the model by name."""
        return self.model._meta.get_field(name)  # type: ignore[return-value]

    def states(self, name: str) -> str:
        """The field that tells why figure `name` may be empty; "" where there is none."""
        state = f"{name}_state"
        return state if state in self.fields else ""

    def agency_paths(self) -> tuple[str, ...]:
        """ORM paths from a row to the ids of its agency or agencies."""
        lines = self.model.access  # type: ignore[attr-defined]
        return tuple(dict.fromkeys(path for line in lines for path in line.agency))

    def key_fault(self, key: str) -> Text:
        """Why `key` cannot stand in an address, or ""."""
        if self.has_own_key and (key in _TAKEN or not _FIT_FOR_ADDRESS.fullmatch(key)):
            return UNUSABLE
        return ""

    def list_url(self) -> str:
        return reverse(f"projects:{self.slug}-list")

    def key_url(self, key: str) -> str:
        """The page of the object of that key."""
        return reverse(f"projects:{self.slug}-detail", args=[key])

    def page_url(self, obj: models.Model) -> str:
        return self.key_url(self.key_of(obj))

    def edit_url(self, obj: models.Model) -> str:
        return reverse(f"projects:{self.slug}-edit", args=[self.key_of(obj)])

    def change_url(self, obj: models.Model) -> str:
        """Where a change of guarded fields is asked for."""
        return reverse(f"projects:{self.slug}-change", args=[self.key_of(obj)])

    def new_url(self) -> str:
        return reverse(f"projects:{self.slug}-new")


_VALIDITY = ("valid_from", "valid_to")
_MASTER = ("code", "name", "name_en", "order", *_VALIDITY)

_KINDS = (
    Kind(
        "systems",
        System,
        (
            "system_id",
            "name",
            "name_en",
            "agency",
            "system_class",
            "status",
            "profile",
            "hosting",
            "description",
            "go_live_on",
            "go_live_is_year_only",
            "retired_on",
            "support_ends_on",
            "next_renewal_year",
            "next_renewal_cost",
            "rto_hours",
            "rpo_hours",
            "last_security_test_on",
            "last_continuity_test_on",
            "personal_data",
            *System.CONFORMITY_FIELDS,
        ),
        key="system_id",
        parents=("agency",),
        search=("system_id", "name", "name_en"),
        related=("agency", "system_class"),
        globally_searched=True,
        headings=(
            ("system_id", _("Identity")),
            ("go_live_on", _("Life cycle")),
            ("rto_hours", _("Continuity and security")),
            ("conforms_api", _("Conformity with the policy of 2017")),
        ),
        yen=("next_renewal_cost",),
        filters=("system_class", "status", "profile", "hosting", "next_renewal_year"),
    ),
    Kind(
        "projects",
        Project,
        (
            "code",
            "name",
            "name_en",
            "agency",
            "systems",
            "phase",
            "is_priority",
            "purpose",
            "head_name",
            "started_on",
            "ended_on",
        ),
        key="code",
        parents=("agency", "systems"),
        search=("code", "name", "name_en"),
        related=("agency",),
        globally_searched=True,
        headings=(("code", _("Identity")), ("phase", _("Delivery"))),
        filters=("phase", "is_priority"),
    ),
    Kind(
        "services",
        Service,
        (
            "service_id",
            "name",
            "agency",
            "systems",
            "procedure_type",
            "law",
            "article",
            "user_group",
            "online_status",
        ),
        key="service_id",
        parents=("agency", "systems"),
        search=("service_id", "name", "law"),
        related=("agency",),
        globally_searched=True,
        headings=(("service_id", _("Identity")), ("procedure_type", _("Procedure"))),
        filters=("online_status", "procedure_type", "user_group"),
    ),
    Kind(
        "contracts",
        Contract,
        (
            "contract_id",
            "title",
            "agency",
            "system",
            "project",
            "vendor",
            "vendor_number",
            "fiscal_year",
            "signed_on",
            "method",
            "method_note",
            "amount",
            "amount_state",
            "bidders",
            "bidders_state",
            "award_ratio",
            "award_ratio_state",
            "single_bid_reason",
        ),
        key="contract_id",
        parents=("agency", "system", "project"),
        search=("contract_id", "title", "vendor"),
        related=("agency", "system", "project"),
        globally_searched=True,
        headings=(
            ("contract_id", _("Identity")),
            ("vendor", _("Vendor and award")),
            ("amount", _("Price and competition")),
        ),
        yen=("amount",),
        filters=("fiscal_year", "method", "bidders"),
    ),
    Kind(
        "agencies",
        Agency,
        (
            "code",
            "name",
            "name_en",
            "parent",
            "order",
            "contact_accounting",
            "contact_hr",
            "contact_pr",
            *_VALIDITY,
        ),
        key="code",
        parents=("parent",),
        search=("code", "name", "name_en"),
        related=("parent",),
        globally_searched=True,
        headings=(
            ("code", _("Identity")),
            ("contact_accounting", _("Contacts")),
            ("valid_from", _("Validity")),
        ),
        filters=("valid",),
        is_short=True,
    ),
    Kind(
        "cost-lines",
        CostLine,
        (
            "system",
            "project",
            "budget_year",
            "sheet_year",
            "cost_item",
            "stage",
            "account",
            "amount",
            "amount_state",
            "note",
        ),
        parents=("system", "project"),
        search=("system__name", "system__system_id", "project__name", "project__code"),
        related=("system", "project", "cost_item"),
        headings=(("system", _("What the line is about")), ("amount", _("Amount"))),
        yen=("amount",),
        filters=("budget_year", "sheet_year", "stage", "cost_item", "cost_class"),
    ),
    Kind(
        "service-years",
        ServiceYear,
        (
            "service",
            "fiscal_year",
            "cases",
            "cases_state",
            "online_cases",
            "online_cases_state",
            "started_cases",
            "started_cases_state",
            "minutes_per_case",
            "minutes_per_case_state",
            "satisfaction_ratio",
            "satisfaction_ratio_state",
            "satisfaction_answers",
            "satisfaction_answers_state",
        ),
        parents=("service",),
        search=("service__name", "service__service_id"),
        related=("service",),
        filters=("fiscal_year",),
    ),
    Kind(
        "updates",
        MonthlyUpdate,
        (
            "project",
            "period",
            "basis",
            "progress_percent",
            "planned_value",
            "earned_value",
            "actual_cost",
            "forecast_cost",
            "forecast_end_on",
            "confidence",
            "narrative",
        ),
        parents=("project",),
        search=("project__name", "project__code"),
        related=("project", "submitted_by", "approved_by"),
        headings=(
            ("project", _("Report")),
            ("planned_value", _("Cost and schedule")),
            ("confidence", _("Judgement")),
        ),
        service_fields=("details", "answers"),
        yen=("planned_value", "earned_value", "actual_cost", "forecast_cost"),
        filters=("state", "period", "confidence"),
    ),
    Kind(
        "baselines",
        Baseline,
        (
            "project",
            "reason",
            "planned_start_on",
            "planned_end_on",
            "budget_at_completion",
        ),
        parents=("project",),
        search=("project__name", "project__code"),
        related=("project",),
        is_editable=False,
        yen=("budget_at_completion",),
        service_fields=("phases",),
        filters=("state",),
    ),
    Kind(
        "milestones",
        Milestone,
        ("project", "name", "kind", "weight", "planned_on", "forecast_on", "actual_on"),
        parents=("project",),
        search=("name", "project__name", "project__code"),
        related=("project",),
        filters=("kind",),
    ),
    Kind(
        "kpis",
        Kpi,
        (
            "code",
            "system",
            "project",
            "kind",
            "horizon",
            "title",
            "indicator",
            "unit",
            "direction",
            "source",
        ),
        key="code",
        parents=("system", "project"),
        search=("code", "title", "indicator"),
        related=("system", "project"),
        filters=("kind", "horizon", "direction"),
    ),
    Kind(
        "kpi-links",
        KpiLink,
        ("origin", "target", "reason"),
        parents=("origin", "target"),
        search=("origin__title", "target__title"),
        related=("origin", "target"),
    ),
    Kind(
        "kpi-values",
        KpiValue,
        (
            "kpi",
            "fiscal_year",
            "method_version",
            "target",
            "target_state",
            "actual",
            "actual_state",
        ),
        parents=("kpi",),
        search=("kpi__code", "kpi__title"),
        related=("kpi",),
        filters=("fiscal_year",),
    ),
    Kind(
        "benefits",
        Benefit,
        (
            "project",
            "kind",
            "fiscal_year",
            "planned",
            "planned_state",
            "realised",
            "realised_state",
            "method",
        ),
        parents=("project",),
        search=("project__name", "project__code"),
        related=("project",),
        yen=("planned", "realised"),
        filters=("kind", "fiscal_year"),
    ),
    Kind(
        "risks",
        Risk,
        (
            "project",
            "kind",
            "title",
            "description",
            "probability",
            "impact",
            "plan",
            "owner_user",
            "owner",
            "status",
            "due_on",
            "closed_on",
        ),
        parents=("project",),
        search=("title", "project__name", "project__code"),
        related=("project", "owner_user"),
        filters=("kind", "status", "probability", "impact"),
    ),
    Kind(
        "reviews",
        Review,
        (
            "system",
            "project",
            "review_type",
            "fiscal_year",
            "reviewer",
            "reviewer_user",
            "reviewer_number",
            "due_on",
            "held_on",
            "is_complete",
            "verdict",
            "remarks",
            "response",
            "response_text",
            "reflected_amount",
        ),
        parents=("system", "project"),
        search=("system__name", "project__name", "reviewer"),
        related=("system", "project", "review_type", "reviewer_user"),
        headings=(
            ("system", _("What is reviewed")),
            ("due_on", _("Course")),
            ("verdict", _("Verdict and answer")),
        ),
        yen=("reflected_amount",),
        filters=("review_type", "fiscal_year", "is_complete", "overdue", "verdict", "response"),
    ),
    Kind(
        "findings",
        Finding,
        (
            "review",
            "category",
            "weight",
            "text",
            "owner_user",
            "owner",
            "due_on",
            "answer",
            "accepted_on",
        ),
        parents=("review",),
        search=("text", "owner"),
        related=("review__review_type", "owner_user"),
        filters=("category", "weight", "accepted"),
    ),
    Kind(
        "lineage",
        SystemLineage,
        ("predecessor", "successor", "kind", "happened_on", "note"),
        parents=("predecessor", "successor"),
        search=("predecessor__name", "successor__name"),
        related=("predecessor", "successor"),
        filters=("kind",),
    ),
    Kind(
        "plan-actions",
        PlanAction,
        (
            "code",
            "agency",
            "title",
            "strand",
            "responsible",
            "start_year",
            "end_year",
            "kpi",
            "status",
            "follow_up",
        ),
        key="code",
        parents=("agency",),
        search=("code", "title"),
        related=("agency",),
        filters=("strand", "status", "start_year", "end_year"),
    ),
    Kind(
        "targets",
        Target,
        (
            "code",
            "title",
            "title_en",
            "agency",
            "metric_id",
            "direction",
            "unit",
            "base_year",
            "base_value",
            "target_year",
            "target_value",
            "source",
        ),
        key="code",
        search=("code", "title", "title_en"),
        related=("agency",),
        is_master=True,
        is_short=True,
        filters=("metric_id", "target_year"),
    ),
    Kind(
        "system-classes",
        SystemClass,
        _MASTER,
        key="code",
        search=("code", "name", "name_en"),
        filters=("valid",),
        is_master=True,
        is_short=True,
    ),
    Kind(
        "cost-items",
        CostItem,
        ("code", "name", "name_en", "cost_class", "order", *_VALIDITY),
        key="code",
        search=("code", "name", "name_en"),
        is_master=True,
        is_short=True,
        filters=("cost_class", "valid"),
    ),
    Kind(
        "review-types",
        ReviewType,
        ("code", "name", "name_en", "layer", "stage_no", "phase", "order", *_VALIDITY),
        key="code",
        search=("code", "name", "name_en"),
        is_master=True,
        is_short=True,
        filters=("layer", "valid"),
    ),
    Kind(
        "role-terms",
        RoleTerm,
        ("role", "name", "name_en", *_VALIDITY),
        key="role",
        search=("role", "name"),
        is_master=True,
        is_short=True,
        filters=("valid",),
    ),
    Kind(
        "risk-policies",
        RiskPolicy,
        ("rule_id", "parameters", "reason", *_VALIDITY, "is_in_force"),
        search=("rule_id",),
        is_master=True,
        is_short=True,
        filters=("rule_id", "valid"),
    ),
)

KINDS: dict[str, Kind] = {kind.slug: kind for kind in _KINDS}
_BY_MODEL: dict[type[models.Model], Kind] = {kind.model: kind for kind in _KINDS}


def kind_of(obj: models.Model | type[models.Model]) -> Kind:
    """The kind of an object or model. Raises KeyError where the model is no register object."""
    return _BY_MODEL[obj if isinstance(obj, type) else type(obj)]


@dataclass(frozen=True, slots=True)
class Child:
    """A kind whose objects hang on another by the foreign key (or many-to-many) `field`."""

    kind: Kind
    field: str


def parent_kind(kind: Kind, field: str) -> Kind:
    """The kind that a foreign key or many-to-many field of `kind` leads to."""
    related = kind.field(field).related_model
    if not isinstance(related, type):
        raise KeyError(field)
    return _BY_MODEL[related]


def children_of(kind: Kind) -> Iterator[Child]:
    """What hangs on objects of `kind`, in the order of the register."""
    for child in _KINDS:
        for field in child.parents:
            if child.field(field).related_model is kind.model:
                yield Child(child, field)


def can_create(user: Any, kind: Kind) -> bool:
    """Whether there is any object of `kind` that `user` could create.

    A project role needs a field that ties the new object to its project: where none is entered,
    nothing it creates could lie within its reach.
    """
    if not kind.allows(Action.CREATE):
        return False
    for line in kind.model.access:  # type: ignore[attr-defined]
        reach = rights_of(user).reach(line.resource, Action.CREATE)
        if reach.everything or (reach.agency_ids and line.agency):
            return True
        entered = (path.split("__")[0].removesuffix("_id") for path in line.project)
        if reach.project_ids and any(name in kind.fields for name in entered):
            return True
    return False


def can_read(user: Any, kind: Kind) -> bool:
    """Whether `user` may read objects of `kind` somewhere. Cost: the rights, once a request."""
    return any(rights_of(user).reach(resource, Action.READ) for resource in kind.resources)
