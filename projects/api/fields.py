"""The fields of the API: name, meaning, unit and kind of value, derived from the models.

One `Field` feeds the rows of a list, the input of a write and the OpenAPI schema, so that none
of the three can say something else than the others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from django.db import models
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.field_rights import GROUPS
from governance.fields.columns import FiscalYear
from governance.models import User
from governance.querysets import ScopedQuerySet
from projects.ends import UNSEEN, ends_of
from projects.metrics.dictionary import METRIC_OF_FIGURE
from projects.models import CostLine, YearRollup
from projects.models.choices import Stage
from projects.register import kind_of

Text = str | Promise


class Nature(Enum):
    """What a value is, and so how it stands in JSON, how it is read and how it is filtered."""

    TEXT = "text"
    CHOICE = "choice"
    BOOL = "bool"
    YEN = "yen"
    COUNT = "count"
    DECIMAL = "decimal"
    RATIO = "ratio"
    PERCENT = "percent"
    YEAR = "year"
    DAY = "day"
    MONTH = "month"
    MOMENT = "moment"
    JSON = "json"
    KEY = "key"
    KEYS = "keys"


FIGURES: Final = frozenset({Nature.YEN, Nature.COUNT, Nature.DECIMAL, Nature.RATIO, Nature.PERCENT})
DATED: Final = frozenset({Nature.DAY, Nature.MONTH, Nature.MOMENT})

# Numbers that count nothing: they tell versions and places in an order.
UNITLESS: Final = frozenset(
    {
        "id",
        "seq",
        "version",
        "revision",
        "number",
        "order",
        "method_version",
        "stage_no",
        "rule_version",
    }
)

_UNITS: Final[Mapping[str, Text]] = {
    "rto_hours": gettext_lazy("hours"),
    "rpo_hours": gettext_lazy("hours"),
    "cases": gettext_lazy("cases a year"),
    "online_cases": gettext_lazy("cases a year"),
    "started_cases": gettext_lazy("cases a year"),
    "satisfaction_answers": gettext_lazy("answers"),
    "minutes_per_case": gettext_lazy("minutes"),
    "weight": gettext_lazy("parts of the project's work"),
    "bidders": gettext_lazy("bidders"),
    "probability": gettext_lazy("1 (low) to 5 (high)"),
    "impact": gettext_lazy("1 (low) to 5 (high)"),
    "target": gettext_lazy("the unit of the KPI"),
    "actual": gettext_lazy("the unit of the KPI"),
    "base_value": gettext_lazy("the unit of the target"),
    "target_value": gettext_lazy("the unit of the target"),
    "services": gettext_lazy("services"),
    "services_online": gettext_lazy("services"),
    "services_measured": gettext_lazy("services"),
}
_UNIT_OF_NATURE: Final[Mapping[Nature, Text]] = {
    Nature.YEN: gettext_lazy("yen"),
    Nature.RATIO: gettext_lazy("ratio: 1 is 100 %"),
    Nature.PERCENT: gettext_lazy("percent: 0 to 100"),
    Nature.YEAR: gettext_lazy("fiscal year: the calendar year of its April"),
}
_NOT_YEN: Final = frozenset(
    {"cases", "online_cases", "started_cases", "satisfaction_answers", "seq"}
)

# What a model's label does not tell.
_MEANINGS: Final[Mapping[str, Text]] = {
    "id": gettext_lazy("Key of the record in the API."),
    "url": gettext_lazy("Path of the record in the API."),
    "version": gettext_lazy("Rises with every save; name it when you write."),
    "revision": gettext_lazy("1 for the first report of a month; corrections follow."),
    "import_run": gettext_lazy("The import that brought the record, if one did."),
    "development": gettext_lazy("Executed development cost (整備経費)."),
    "operation": gettext_lazy("Executed operation cost (運用等経費)."),
    "other": gettext_lazy("Executed other cost (その他経費)."),
    "cases": gettext_lazy("Cases a year."),
    "online_cases": gettext_lazy("Of these, cases that came in online."),
    "services": gettext_lazy("Services of the agency with figures for the year."),
    "services_online": gettext_lazy("Of these, services that can be used online."),
    "services_measured": gettext_lazy("Of these, services with both case counts known."),
    "hash": gettext_lazy("SHA-256 over the event and the hash before it."),
    "previous_hash": gettext_lazy("The hash of the event before."),
    "figures": gettext_lazy(
        "The figures that the rule used, by name; “not_shown” alone where your role may not read what"
        " they are from."
    ),
    "parameters": gettext_lazy("The thresholds of the rule, by name."),
    "riskflag.reason": gettext_lazy("Why the rule could not judge, if it could not."),
    "riskflag.severity": gettext_lazy("How serious it is; “unknown”: the rule could not judge."),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `path` is where lists read it, `column` the model's field (None: computed)."""

    name: str
    path: str
    nature: Nature
    column: "models.Field[Any, Any] | None" = None
    target: type[models.Model] | None = None
    target_key: str = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Field":
        return self  # Immutable; serializers copy what they are made of for every request.

    @property
    def is_nullable(self) -> bool:
        return self.column is not None and bool(self.column.null)

    @property
    def is_needed(self) -> bool:
        """Whether a new record cannot do without it."""
        column = self.column
        if column is None or self.nature is Nature.KEYS:
            return False
        return not (column.blank or column.null or column.has_default())

    @property
    def choices(self) -> list[tuple[Any, Text]]:
        """Values and their words, the empty value included where it is one of the choices."""
        return list(self.column.flatchoices) if self.column is not None else []

    def visible(self, user: Any) -> ScopedQuerySet[Any]:
        """The records that this field may name for `user`."""
        target: Any = self.target
        rows: ScopedQuerySet[Any] = target._default_manager.all()
        return rows.visible_to(user)

    @property
    def state(self) -> str:
        """The field that tells why the figure is not there, "" where the model has none."""
        if self.column is None:
            return ""
        name = f"{self.name}_state"
        names = {field.name for field in self.column.model._meta.concrete_fields}
        return name if name in names else ""

    def unit(self) -> str:
        """The unit of a figure or year in the reader's language; "" for all else."""
        unit = _UNIT_OF_NATURE.get(self.nature, "")
        if self.nature in FIGURES:
            unit = _UNITS.get(self.name, unit)
        return str(unit)

    def description(self) -> str:
        """What the field means, in the reader's language: label, help, keys, choices, unit."""
        parts = [self._meaning()]
        if self.column is not None and self.column.help_text:
            parts.append(str(self.column.help_text))
        if self.target is not None:
            parts.append(self._reference())
            if self.may_be_unseen:
                parts.append(
                    _("“%(words)s” where your role may not see that record.") % {"words": UNSEEN}
                )
        if self.state:
            parts.append(
                _("Null exactly when %(state)s is not “reported”.") % {"state": self.state}
            )
        if unit := self.unit():
            parts.append(_("Unit: %(unit)s.") % {"unit": unit})
        if self.is_guarded:
            parts.append(
                _(
                    "May be closed as the record stands: the answer to a write says why, and who may."
                )
            )
        if metric := self.metric:
            parts.append(_("Metric: `%(metric)s`.") % {"metric": metric})
        if self.nature is Nature.CHOICE:
            words = ", ".join(f"`{value}` {label}".rstrip() for value, label in self.choices)
            parts.append(_("One of: %(words)s.") % {"words": words})
        return "\n".join(parts)

    @property
    def is_guarded(self) -> bool:
        """Whether the state of a record decides who writes the field."""
        if self.column is None:
            return False
        groups = GROUPS.get(str(self.column.model._meta.model_name), {})
        return any(self.name in names for names in groups.values())

    @property
    def metric(self) -> str:
        """The id of a computed figure in the metric dictionary; "" for what people enter."""
        if self.column is None or self.column.model is not YearRollup:
            return ""
        return METRIC_OF_FIGURE.get(self.name, "")

    @property
    def may_be_unseen(self) -> bool:
        """Whether some readers see the record and not the one that it names here."""
        return self.column is not None and self.name in ends_of(self.column.model)

    def _meaning(self) -> str:
        if self.column is None:
            return str(_MEANINGS.get(self.name, self.name))
        model = self.column.model._meta.model_name
        label: Text = _MEANINGS.get(f"{model}.{self.name}") or _MEANINGS.get(self.name, "")
        if label:
            return str(label)
        stages = dict(Stage.choices)
        if self.column.model is not CostLine and self.name in stages:
            return _capital(stages[Stage(self.name)])
        if self.name.endswith("_state"):
            figure = self.column.model._meta.get_field(self.name.removesuffix("_state"))
            label = getattr(figure, "verbose_name", "")
            return _("Whether there is a figure for “%(figure)s”, or why not.") % {"figure": label}
        return _capital(self.column.verbose_name)

    def _reference(self) -> str:
        if self.target is User:
            return _("The name with which the person signs in.")
        label = self.target._meta.verbose_name if self.target is not None else ""
        if self.nature is Nature.KEYS:
            return _("Keys (`%(key)s`) of records of the kind “%(kind)s”.") % {
                "key": _public(self.target_key),
                "kind": label,
            }
        return _("Key (`%(key)s`) of a record of the kind “%(kind)s”.") % {
            "key": _public(self.target_key),
            "kind": label,
        }


def _public(key: str) -> str:
    return "id" if key == "pk" else key


def _capital(label: object) -> str:
    return capfirst(str(label))


# Looked up in this order: a subclass stands before its base.
_NATURES: Final[tuple[tuple[type["models.Field[Any, Any]"], Nature], ...]] = (
    (models.ManyToManyField, Nature.KEYS),
    (models.ForeignKey, Nature.KEY),
    (FiscalYear, Nature.YEAR),
    (models.BooleanField, Nature.BOOL),
    (models.DateTimeField, Nature.MOMENT),
    (models.DateField, Nature.DAY),
    (models.JSONField, Nature.JSON),
    (models.AutoField, Nature.COUNT),
    (models.BigIntegerField, Nature.YEN),
    (models.IntegerField, Nature.COUNT),
    (models.DecimalField, Nature.DECIMAL),
)
_BY_SUFFIX: Final[Mapping[tuple[Nature, str], Nature]] = {
    (Nature.DECIMAL, "ratio"): Nature.RATIO,
    (Nature.DECIMAL, "percent"): Nature.PERCENT,
    (Nature.COUNT, "year"): Nature.YEAR,
    (Nature.DAY, "period"): Nature.MONTH,
}


def nature_of(column: "models.Field[Any, Any]") -> Nature:
    """What the values of a model's field are."""
    if column.choices:
        return Nature.CHOICE
    found = next((nature for cls, nature in _NATURES if isinstance(column, cls)), Nature.TEXT)
    if found is Nature.YEN and column.name in _NOT_YEN:
        return Nature.COUNT
    return _BY_SUFFIX.get((found, column.name.rpartition("_")[2]), found)


def _key_of(target: type[models.Model]) -> str:
    """The field that names a record of `target` in the API."""
    if target is User:
        return "username"
    try:
        return kind_of(target).key
    except KeyError:
        return "pk"


def field_of(model: type[models.Model], name: str) -> Field:
    """The API's view of one model field."""
    column: models.Field[Any, Any] = model._meta.get_field(name)  # type: ignore[assignment]
    nature = nature_of(column)
    if nature not in {Nature.KEY, Nature.KEYS}:
        return Field(name, name, nature, column)
    target: type[models.Model] = column.related_model  # type: ignore[assignment]
    key = _key_of(target)
    # A key that is the id stands in the row itself: no join.
    path = f"{name}_id" if key == "pk" and nature is Nature.KEY else f"{name}__{key}"
    return Field(name, path, nature, column, target, key)
