"""What the API offers: every kind of the register, and what is made from it, to read alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.db import models
from django.urls import reverse

from governance.access import Resource
from governance.formatting import NOT_SHOWN
from governance.models import AuditEvent
from governance.querysets import ScopedQuerySet
from projects import ends
from projects.api.fields import Field, Nature, field_of
from projects.flag_sight import FlagSight
from projects.models import ImportRun, RiskFlag, ServiceRollup, YearRollup
from projects.register import KINDS, Kind

# Shown after what people enter, where the model has it.
_OF_THE_SYSTEM = (
    "revision",
    "state",
    "submitted_at",
    "submitted_by",
    "approved_at",
    "approved_by",
    "returned_at",
    "returned_by",
    "return_reason",
    "published_at",
    "published_by",
    "details",
    "answers",
    "number",
    "agreed_on",
    "requested_at",
    "requested_by",
    "decided_at",
    "decided_by",
    "decision_reason",
    "source_note",
    "system_names",
    "import_run",
    "version",
    "updated_at",
    "updated_by",
)


@dataclass(frozen=True, slots=True)
class Collection:
    """One address of the API: the rows of a model, their fields, and who names a row how.

    `kind` is set where records can be written. `key` is the model field in a record's address.
    """

    slug: str
    model: type[models.Model]
    fields: tuple[Field, ...]
    key: str = "pk"
    search: tuple[str, ...] = ()
    kind: Kind | None = None

    @property
    def objects(self) -> ScopedQuerySet[Any]:
        """All rows, unscoped: narrow with `visible_to` before anything else."""
        return self.model._default_manager.all()  # type: ignore[return-value]

    @property
    def resources(self) -> tuple[Resource, ...]:
        lines = self.model.access  # type: ignore[attr-defined]
        return tuple(dict.fromkeys(line.resource for line in lines))

    @property
    def entered(self) -> tuple[Field, ...]:
        """The fields that people enter."""
        names = self.kind.fields if self.kind is not None else ()
        return tuple(field for field in self.fields if field.name in names)

    @property
    def singles(self) -> tuple[Field, ...]:
        """Fields that stand in the row itself or one join away."""
        return tuple(field for field in self.fields if field.nature is not Nature.KEYS)

    def rows(self, queryset: models.QuerySet[Any], user: Any) -> list[dict[str, Any]]:
        """`queryset` as JSON values. Cost: one query, and one more for each field of keys, which
        names only the records that `user` may see.

        Rows are read as tuples: serializer instances cost five times as much on long lists.
        """
        singles = self.singles
        names = [field.name for field in singles]
        marks = sorted(ends.ends_of(self.model))
        found = list(
            ends.with_marks(queryset, user).values_list(
                "pk", self.key, *(field.path for field in singles), *map(ends.mark_of, marks)
            )
        )
        many = {
            field.name: _keys_by_row(self.model, field, [row[0] for row in found], user)
            for field in self.fields
            if field.nature is Nature.KEYS
        }
        order = [field.name for field in self.fields]
        base = reverse(f"api:{self.slug}-list")
        rows: list[dict[str, Any]] = []
        for pk, key, *values in found:
            row = dict(zip(names, values, strict=False))
            for name, is_seen in zip(marks, values[len(names) :], strict=True):
                if not is_seen and row.get(name) is not None:
                    row[name] = str(ends.UNSEEN)
            if many:
                row |= {name: by_row.get(pk, []) for name, by_row in many.items()}
                row = {name: row[name] for name in order}
            row["url"] = f"{base}{quote(str(key), safe='')}/"
            rows.append(row)
        if self.model is RiskFlag:
            _hide_figures(rows, user)
        return rows


def _hide_figures(rows: Iterable[dict[str, Any]], user: Any) -> None:
    """Flags without the figures that the reader may not read, which says so. Cost: one query; one
    more for a role of a project."""
    sight = FlagSight(user)
    flags = RiskFlag.objects.select_related("contract", "review__review_type")
    stored = flags.in_bulk([row["id"] for row in rows])
    for row in rows:
        if not sight.shows(stored[row["id"]]):
            row["figures"] = {"not_shown": str(NOT_SHOWN)}
            row["reason"] = str(NOT_SHOWN)


def _keys_by_row(
    model: type[models.Model], field: Field, pks: Sequence[int], user: Any
) -> dict[int, list[str]]:
    """Row id → the keys of what it refers to, in order. Cost: one query."""
    pairs: Iterable[tuple[int, str]] = (
        model._default_manager.filter(pk__in=pks, **{f"{field.name}__in": field.visible(user)})
        .order_by(field.path)
        .values_list("pk", field.path)
    )
    found: dict[int, list[str]] = {}
    for pk, key in pairs:
        found.setdefault(pk, []).append(key)
    return found


@dataclass(frozen=True, slots=True)
class Rows:
    """What the paginator counts and cuts pages from: rows are read for one page alone."""

    collection: Collection
    queryset: models.QuerySet[Any]
    user: Any

    @property
    def ordered(self) -> bool:
        return self.queryset.ordered

    def count(self) -> int:
        return self.queryset.count()

    def __getitem__(self, cut: slice) -> list[dict[str, Any]]:
        return self.collection.rows(self.queryset[cut], self.user)


def _of_kind(kind: Kind) -> Collection:
    stored = {column.name for column in kind.model._meta.get_fields()}
    names = [*kind.fields, *(name for name in _OF_THE_SYSTEM if name in stored)]
    if kind.key == "pk":
        names.insert(0, "id")
    fields = tuple(field_of(kind.model, name) for name in dict.fromkeys(names))
    return Collection(kind.slug, kind.model, fields, kind.key, kind.search, kind)


def _made(
    slug: str,
    model: type[models.Model],
    names: tuple[str, ...],
    *,
    key: str = "pk",
    search: tuple[str, ...] = (),
) -> Collection:
    fields = tuple(field_of(model, name) for name in names)
    return Collection(slug, model, fields, key, search)


_COSTS = tuple(
    column.name
    for column in YearRollup._meta.concrete_fields
    if column.name not in {"id", "system", "project", "agency", "fiscal_year"}
)

_MADE = (
    _made(
        "flags",
        RiskFlag,
        (
            "id",
            "rule_id",
            "rule_version",
            "severity",
            "reason",
            "agency",
            "system",
            "project",
            "contract",
            "review",
            "figures",
            "parameters",
            "opened_on",
            "severity_since",
            "judged_on",
            "closed_on",
            "muted_on",
            "muted_until",
        ),
        search=("rule_id", "system__name", "project__name", "contract__title"),
    ),
    _made(
        "year-rollups",
        YearRollup,
        ("id", "agency", "system", "project", "fiscal_year", *_COSTS),
    ),
    _made(
        "service-rollups",
        ServiceRollup,
        (
            "id",
            "agency",
            "fiscal_year",
            "services",
            "services_online",
            "services_measured",
            "cases",
            "online_cases",
        ),
    ),
    _made(
        "audit-events",
        AuditEvent,
        (
            "seq",
            "at",
            "actor",
            "actor_name",
            "source",
            "verb",
            "object_type",
            "object_key",
            "object_name",
            "before",
            "after",
            "reason",
            "origin",
            "previous_hash",
            "hash",
        ),
        key="seq",
        search=("actor_name", "object_name", "object_key"),
    ),
    _made(
        "import-runs",
        ImportRun,
        ("id", "kind", "started_at", "actor", "agency", "files", "report"),
        search=("kind",),
    ),
)

COLLECTIONS: dict[str, Collection] = {
    collection.slug: collection
    for collection in (*(_of_kind(kind) for kind in KINDS.values()), *_MADE)
}
