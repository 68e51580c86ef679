"""The form of the monthly report: the project's figures, its milestones, KPIs and risks at once.

It opens with last month's values, and tells beside each field what they were. What it does not
understand it gives back as it was typed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.drafts import Resumable
from governance.fields.forms import DayField, LineField, NumberField, ProseField
from governance.formatting import DASH, iso_date
from governance.formatting import yen as money
from governance.tabular import Text
from projects import ends
from projects.filing_text import finding_text
from projects.filters import capital
from projects.forms.fields import form_field
from projects.metrics.filing import Finding, Level
from projects.models import Kpi, Milestone, MonthlyUpdate, Risk
from projects.models.choices import RiskKind, RiskStatus
from projects.register import KINDS
from projects.services.filed import Details, RiskEntry

_KIND = KINDS["updates"]
FIGURES: Final = (
    "basis",
    "progress_percent",
    "planned_value",
    "earned_value",
    "actual_cost",
    "forecast_cost",
    "forecast_end_on",
    "confidence",
    "narrative",
)
# Empty lines for risks that are not on record yet.
NEW_RISKS: Final = 2
_ONE_TO_FIVE: Final = [("", "–"), *((str(n), str(n)) for n in range(1, 6))]
_LONGEST_ANSWER: Final = 1000


@dataclass(frozen=True, slots=True)
class Around:
    """What the form shows besides the report: read once by the view."""

    milestones: Sequence[Milestone]
    kpis: Sequence[Kpi]
    """Each with `target_now`, `actual_now` and `unit`"""
    risks: Sequence[Risk]
    last: MonthlyUpdate | None


class FilingForm(Resumable, forms.Form):
    """One month's report. `initial_of` gives what a stored or a new report starts with."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, label=_("Version"))

    def __init__(
        self,
        data: QueryDict | Mapping[str, Any] | None = None,
        *,
        around: Around,
        initial: Mapping[str, Any],
        findings: Iterable[Finding] = (),
    ) -> None:
        super().__init__(data, initial=dict(initial), label_suffix="")
        self.around = around
        for name in FIGURES:
            field = form_field(_KIND, _KIND.field(name))
            if field is None:
                raise TypeError(name)
            field.required = name == "basis"
            self.fields[name] = field
        self._add_milestones()
        self._add_kpis()
        self._add_risks()
        for name, field in self.fields.items():
            field.show_hidden_initial = name != "version"
        self.show_findings(findings)

    # Fields

    def _add_milestones(self) -> None:
        for milestone in self.around.milestones:
            self.fields[f"milestone-{milestone.pk}-forecast_on"] = DayField(
                label=gettext("Forecast: %(name)s") % {"name": milestone.name}, required=False
            )
            self.fields[f"milestone-{milestone.pk}-actual_on"] = DayField(
                label=gettext("Reached on: %(name)s") % {"name": milestone.name}, required=False
            )

    def _add_kpis(self) -> None:
        for kpi in self.around.kpis:
            self.fields[f"kpi-{kpi.pk}"] = NumberField(
                label=gettext("Actual: %(name)s") % {"name": kpi.title[:120]},
                required=False,
                max_digits=15,
                decimal_places=3,
            )

    def _add_risks(self) -> None:
        for risk in self.around.risks:
            self._risk_fields(f"risk-{risk.pk}", risk.title, is_new=False)
        for number in range(1, NEW_RISKS + 1):
            self._risk_fields(f"risk-new{number}", gettext("new"), is_new=True)

    def _risk_fields(self, prefix: str, name: str, *, is_new: bool) -> None:
        def label(text: Any) -> str:
            return f"{capital(text)}: {name}"

        if is_new:
            self.fields[f"{prefix}-kind"] = forms.ChoiceField(
                label=label(_("kind")), choices=RiskKind.choices, required=False
            )
            self.fields[f"{prefix}-title"] = LineField(
                label=label(_("title")), max_length=200, required=False
            )
        else:
            self.fields[f"{prefix}-status"] = forms.ChoiceField(
                label=label(_("status")), choices=RiskStatus.choices, required=False
            )
        for part, text in (("probability", _("probability (1–5)")), ("impact", _("impact (1–5)"))):
            self.fields[f"{prefix}-{part}"] = forms.TypedChoiceField(
                label=label(text),
                choices=_ONE_TO_FIVE,
                coerce=int,
                empty_value=None,
                required=False,
            )
        self.fields[f"{prefix}-plan"] = ProseField(
            label=label(_("treatment plan")),
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
        )

    def show_findings(self, findings: Iterable[Finding]) -> None:
        """Add a box for the reason of each finding that asks for one."""
        self.findings = list(findings)
        for found in self.findings:
            if found.level is not Level.REASON:
                continue
            name = f"answer-{found.check}"
            self.fields[name] = ProseField(
                label=gettext("Reason: %(what)s") % {"what": finding_text(found)},
                required=False,
                max_length=_LONGEST_ANSWER,
                widget=forms.Textarea(attrs={"rows": 2}),
            )

    def also_answer(self, checks: Iterable[str]) -> None:
        """Read reasons given to checks that find nothing in the stored report."""
        for check in checks:
            self.fields[f"answer-{check}"] = ProseField(
                required=False, max_length=_LONGEST_ANSWER, widget=forms.HiddenInput()
            )

    def tell(self, found: Finding) -> None:
        """Mark what stands in the way of handing the report over, at its place."""
        if found.level is Level.REFUSE:
            self.add_error(found.field, finding_text(found))
        else:
            self.add_error(f"answer-{found.check}", gettext("Mend the figure, or give the reason."))

    # What was entered

    def clean(self) -> dict[str, Any]:
        """A new risk needs its title."""
        values = super().clean() or self.cleaned_data
        for number in range(1, NEW_RISKS + 1):
            prefix = f"risk-new{number}"
            typed = any(values.get(f"{prefix}-{p}") for p in ("probability", "impact", "plan"))
            if typed and not values.get(f"{prefix}-title"):
                self.add_error(f"{prefix}-title", gettext("Give the risk or issue a title."))
        return values

    def figures(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIGURES}

    def answers(self) -> dict[str, str]:
        return {
            name.removeprefix("answer-"): self.cleaned_data[name]
            for name in self.fields
            if name.startswith("answer-") and self.cleaned_data[name]
        }

    def details(self) -> Details:
        """What differs from the register."""
        values = self.cleaned_data
        milestones: dict[int, dict[str, date | None]] = {}
        for milestone in self.around.milestones:
            changed = {
                part: values[f"milestone-{milestone.pk}-{part}"]
                for part in ("forecast_on", "actual_on")
                if values[f"milestone-{milestone.pk}-{part}"] != getattr(milestone, part)
            }
            if changed:
                milestones[milestone.pk] = changed
        kpis: dict[int, Decimal | None] = {
            kpi.pk: values[f"kpi-{kpi.pk}"]
            for kpi in self.around.kpis
            if values[f"kpi-{kpi.pk}"] != kpi.actual_now  # type: ignore[attr-defined]
        }
        return Details(milestones, kpis, tuple(self._risks()))

    def _risks(self) -> Iterator[RiskEntry]:
        values = self.cleaned_data
        for risk in self.around.risks:
            given = {
                part: values[f"risk-{risk.pk}-{part}"]
                for part in ("status", "probability", "impact", "plan")
            }
            changed = {part: v for part, v in given.items() if v != getattr(risk, part)}
            if changed:
                yield RiskEntry(risk.pk, changed)
        for number in range(1, NEW_RISKS + 1):
            prefix = f"risk-new{number}"
            if values[f"{prefix}-title"]:
                parts = ("kind", "title", "probability", "impact", "plan")
                yield RiskEntry(None, {part: values[f"{prefix}-{part}"] for part in parts})

    # What the page shows

    @property
    def figure_rows(self) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        """Sections with their fields: the bound field, last month's value, findings, answers."""
        for heading, names in (
            (gettext("Progress and cost"), FIGURES[:5]),
            (gettext("Forecast"), FIGURES[5:7]),
            (gettext("Judgement"), FIGURES[7:]),
        ):
            yield heading, [self._row(name) for name in names]

    def _row(self, name: str) -> dict[str, Any]:
        return {
            "field": self[name],
            "last": self._last(name),
            "findings": [
                {
                    "text": finding_text(found),
                    "is_refusal": found.level is Level.REFUSE,
                    "answer": self[f"answer-{found.check}"]
                    if f"answer-{found.check}" in self.fields
                    else None,
                }
                for found in self.findings
                if found.field == name
            ],
        }

    def _last(self, name: str) -> str:
        last = self.around.last
        if last is None or name in ("basis", "narrative"):
            return ""
        value = getattr(last, name)
        if value is None:
            return DASH
        if name in _KIND.yen:
            return money(value)
        if isinstance(value, date):
            return iso_date(value)
        if name == "confidence":
            return str(last.get_confidence_display())
        return f"{value.normalize():f}%"

    @property
    def milestone_rows(self) -> list[tuple[Milestone, Any, Any]]:
        return [
            (m, self[f"milestone-{m.pk}-forecast_on"], self[f"milestone-{m.pk}-actual_on"])
            for m in self.around.milestones
        ]

    @property
    def kpi_rows(self) -> list[tuple[Kpi, Any]]:
        return [(kpi, self[f"kpi-{kpi.pk}"]) for kpi in self.around.kpis]

    @property
    def risk_rows(self) -> list[tuple[Risk, Text, list[Any]]]:
        """Each risk with whose work it is, as far as the reader may know, and its fields."""
        parts = ("status", "probability", "impact", "plan")
        return [
            (
                risk,
                ends.UNSEEN if ends.is_unseen(risk, "owner_user") else risk.owner_name,
                [self[f"risk-{risk.pk}-{part}"] for part in parts],
            )
            for risk in self.around.risks
        ]

    @property
    def has_new_risks(self) -> bool:
        return any(bool(field.value()) for row in self.new_risk_rows for field in row[1:])

    @property
    def new_risk_rows(self) -> list[list[Any]]:
        parts = ("kind", "title", "probability", "impact", "plan")
        return [
            [self[f"risk-new{number}-{part}"] for part in parts]
            for number in range(1, NEW_RISKS + 1)
        ]


def initial_of(update: MonthlyUpdate, around: Around, *, version: int) -> dict[str, Any]:
    """What the form starts with: the report's figures, and the register with what was filed."""
    initial: dict[str, Any] = {name: getattr(update, name) for name in FIGURES}
    initial["version"] = version
    filed = Details.of(update.details)
    for milestone in around.milestones:
        days = filed.milestones.get(milestone.pk, {})
        for part in ("forecast_on", "actual_on"):
            given = days[part] if part in days else getattr(milestone, part)
            initial[f"milestone-{milestone.pk}-{part}"] = given
    for kpi in around.kpis:
        stored = kpi.actual_now  # type: ignore[attr-defined]
        initial[f"kpi-{kpi.pk}"] = filed.kpis.get(kpi.pk, stored)
    changes = {entry.id: entry.values for entry in filed.risks if entry.id is not None}
    for risk in around.risks:
        for part in ("status", "probability", "impact", "plan"):
            given = changes.get(risk.pk, {}).get(part, getattr(risk, part))
            initial[f"risk-{risk.pk}-{part}"] = given
    new = [entry.values for entry in filed.risks if entry.id is None]
    for number, values in enumerate(new[:NEW_RISKS], start=1):
        for part, given in values.items():
            initial[f"risk-new{number}-{part}"] = given
    for check, said in update.answers.items():
        initial[f"answer-{check}"] = said
    return initial
