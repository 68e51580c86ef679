"""The form of a scenario: today's assumptions filled in, and what is changed about them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.access import Action, Resource, rights_of
from governance.fields.forms import (
    CountField,
    EntryField,
    LineField,
    PercentField,
    ProseField,
    RatioField,
    YenField,
)
from governance.models import Agency
from governance.tabular import Text
from projects.metrics.assumptions import DEFER, DROP, LONGEST_DELAY, Fault, Problem, read
from projects.metrics.burden import YEN_PER_HOUR
from projects.metrics.risk import RULES
from projects.metrics.risk.registry import Unit
from projects.models import Scenario
from projects.risk_text import title_of
from projects.rule_text import meaning_of, threshold
from projects.scenario_text import delay_text, fault_text
from projects.services.judges import Book
from projects.whatif import ProjectRow
from projects.worth import DISCOUNT_RATE

KEEP: Final = "keep"
DELAYS: Final = range(1, 6)
"""Years that the form offers; what a script has set beyond them stays."""
LISTED: Final = 200
_PROJECT: Final = "p-"
_FIELD_OF: Final = {
    "discount_rate": "rate",
    "horizon_years": "horizon",
    "yen_per_hour": "yen_per_hour",
}
_FIELDS: Final[Mapping[Unit, type[EntryField]]] = {Unit.RATIO: RatioField, Unit.YEN: YenField}


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """One threshold as the form shows it."""

    field: Any
    meaning: str
    today: str


@dataclass(frozen=True, slots=True)
class RuleRows:
    """The thresholds of one rule; open where something was changed or is wrong."""

    title: str
    rows: Sequence[ThresholdRow]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """What may become of a project, and whether it is chosen."""

    value: str
    label: Text
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """One project as the form shows it; `row` is None for one that the reader does not see."""

    code: str
    row: ProjectRow | None
    choices: Sequence[Choice]


def _threshold_name(rule_id: str, name: str) -> str:
    return f"t-{rule_id}-{name}"


class ScenarioForm(forms.Form):
    """Every assumption with today's value; `raw` is what differs, as plain data."""

    name = LineField(
        label=_("Name"),
        max_length=120,
        required=False,
        help_text=_("Needed to save, not to compute."),
    )
    agency = forms.ModelChoiceField(
        label=_("Agency"), queryset=Agency.objects.none(), required=False
    )
    note = ProseField(
        label=_("Note"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    rate = PercentField(
        label=_("Discount rate a year"),
        required=False,
        help_text=_("In percent, from 0 to 100: 4 and 4% are the same."),
    )
    horizon = CountField(
        label=_("Horizon in years"),
        required=False,
        help_text=_("1 to 50, from each project's first year. Empty: all known years."),
    )
    yen_per_hour = CountField(
        label=_("Yen an hour of a user's time"),
        required=False,
        help_text=_("Administrative-burden plan: 2,543 yen."),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    find = LineField(label=_("Find a project"), max_length=100, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        user: Any,
        book: Book,
        projects: Sequence[ProjectRow],
        scenario: Scenario | None = None,
    ) -> None:
        super().__init__(data, label_suffix="")
        self.book, self.projects = book, projects
        self.own_agency: int | None = None
        stored, self.stale = read({} if scenario is None else scenario.assumptions)
        self._offer_agencies(user)
        for rule_id, rule in RULES.items():
            own = {**book[rule_id], **stored.thresholds.get(rule_id, {})}
            for name, parameter in rule.parameters.items():
                field = _FIELDS.get(parameter.unit, CountField)(required=False, initial=own[name])
                field.label = f"{title_of(rule_id)}: {meaning_of(parameter)}"
                # The template writes today's value under this id; Django links it to the input.
                field.help_text = threshold(parameter, book[rule_id][name])
                self.fields[_threshold_name(rule_id, name)] = field
        self.initial = {
            "name": "" if scenario is None else scenario.name,
            "note": "" if scenario is None else scenario.note,
            "agency": self.own_agency if scenario is None else scenario.agency_id,
            "rate": 100 * (DISCOUNT_RATE if stored.rate is None else stored.rate),
            "horizon": stored.horizon,
            "yen_per_hour": stored.yen_per_hour or YEN_PER_HOUR,
            "version": None if scenario is None else scenario.version,
        }
        self.chosen: dict[str, str] = {
            **dict.fromkeys(stored.dropped, DROP),
            **{code: str(years) for code, years in stored.deferred.items()},
        }
        if data is not None:
            self.chosen = {
                key.removeprefix(_PROJECT): data[key] for key in data if key.startswith(_PROJECT)
            }

    def _offer_agencies(self, user: Any) -> None:
        reach = rights_of(user).reach(Resource.SCENARIO, Action.CREATE)
        agencies = Agency.objects.order_by("order", "code")
        field: Any = self.fields["agency"]
        if reach.everything:
            field.empty_label = _("whole government")
            field.queryset = agencies
        else:
            field.queryset = agencies.filter(pk__in=reach.agency_ids)
            field.required = True
            tops = [row.pk for row in field.queryset if row.parent_id not in reach.agency_ids]
            self.own_agency = tops[0] if len(tops) == 1 else None

    # What was asked ---------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        self.raw = self._raw(values)
        _assumptions, faults = read(self.raw)
        for fault in faults:
            name = _FIELD_OF.get(fault.name)
            if fault.rule_id:
                name = _threshold_name(fault.rule_id, fault.name)
            self.add_error(name, fault_text(fault))
        for code, way in self.chosen.items():
            if way not in (KEEP, DROP) and not _is_delay(way):
                self.add_error(None, fault_text(Fault(Problem.NO_CHANGE, code)))
        return values

    def _raw(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Only what differs from today."""
        raw: dict[str, Any] = {"horizon_years": values.get("horizon")}
        if values.get("rate") not in (None, 100 * DISCOUNT_RATE):
            raw["discount_rate"] = values["rate"] / 100
        if values.get("yen_per_hour") not in (None, YEN_PER_HOUR):
            raw["yen_per_hour"] = values["yen_per_hour"]
        thresholds: dict[str, dict[str, Any]] = {}
        for rule_id, rule in RULES.items():
            for name in rule.parameters:
                given = values.get(_threshold_name(rule_id, name))
                if given is not None and given != self.book[rule_id][name]:
                    thresholds.setdefault(rule_id, {})[name] = given
        raw["thresholds"] = thresholds
        raw["projects"] = {
            code: DROP if way == DROP else {DEFER: int(way)}
            for code, way in self.chosen.items()
            if way == DROP or _is_delay(way)
        }
        return raw

    # What is shown ----------------------------------------------------------------------------------

    def heading(self) -> list[Any]:
        """The fields that name the scenario."""
        return [self[name] for name in ("name", "agency", "note")]

    def money(self) -> list[Any]:
        """The fields about money and time."""
        return [self[name] for name in ("rate", "horizon", "yen_per_hour")]

    def rules(self) -> Iterator[RuleRows]:
        for rule_id, rule in RULES.items():
            rows = []
            is_open = False
            for name, parameter in rule.parameters.items():
                bound = self[_threshold_name(rule_id, name)]
                today = self.book[rule_id][name]
                differs = bound.field.has_changed(today, bound.value())
                is_open = is_open or bool(bound.errors) or (differs and bool(bound.value()))
                rows.append(
                    ThresholdRow(
                        bound,
                        meaning_of(parameter),
                        threshold(parameter, today),
                    )
                )
            yield RuleRows(title_of(rule_id), rows, is_open)

    def choice_rows(self) -> list[ChoiceRow]:
        """Changed projects first, then those that fit the text, the dearest first."""
        by_code = {row.code: row for row in self.projects}
        changed = {code: way for code, way in self.chosen.items() if way != KEEP}
        shown = list(changed)
        shown += [row.code for row in self.fitting() if row.code not in changed][:LISTED]
        return [
            ChoiceRow(code, by_code.get(code), tuple(_choices(changed.get(code, KEEP))))
            for code in shown
        ]

    def fitting(self) -> list[ProjectRow]:
        """Projects whose code, name or agency has the text looked for."""
        text = str(self["find"].value() or "").strip().casefold()
        return [
            row
            for row in self.projects
            if text in f"{row.code}\n{row.name}\n{row.agency}".casefold()
        ]


def _is_delay(way: str) -> bool:
    return way.isascii() and way.isdecimal() and len(way) < 4 and 1 <= int(way) <= LONGEST_DELAY


def _choices(chosen: str) -> Iterator[Choice]:
    offered: dict[str, Text] = {KEEP: _("keep"), DROP: _("drop")}
    offered.update({str(years): delay_text(years) for years in DELAYS})
    if chosen not in offered:
        offered[chosen] = delay_text(int(chosen)) if _is_delay(chosen) else chosen[:40]
    for value, label in offered.items():
        yield Choice(value, label, value == chosen)
