from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from governance.fields.forms import LineField, NameField, ProseField, YearField
from projects.models import Kpi
from projects.models.choices import Horizon, KpiDirection, KpiKind


def _offered(kpis: Iterable[Kpi]) -> list[tuple[str, str]]:
    return [
        ("", "–"),
        *((kpi.code, f"{kpi.get_kind_display()}: {kpi.title[:80]} ({kpi.code})") for kpi in kpis),
    ]


class GoalForm(forms.Form):
    """A new goal of the chain, with the goal that it follows from and why."""

    kind = forms.ChoiceField(label=_("Kind"), choices=KpiKind.choices)
    code = NameField(label=_("KPI code"), max_length=60)
    title = ProseField(label=_("Goal"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    indicator = LineField(label=_("Indicator"), max_length=500, required=False)
    unit = LineField(label=_("Unit"), max_length=40, required=False)
    direction = forms.ChoiceField(
        label=_("Direction"),
        choices=KpiDirection.choices,
        initial=KpiDirection.UP,
    )
    horizon = forms.ChoiceField(label=_("Horizon"), choices=Horizon.choices, required=False)
    origin = forms.ChoiceField(
        label=_("Follows from"), required=False, help_text=_("The goal that leads here, if any.")
    )
    reason = ProseField(
        label=_("Because"), required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, kpis: Iterable[Kpi], **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": "", "prefix": "goal"})
        self.fields["origin"].choices = _offered(kpis)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A link says why."""
        values = super().clean() or self.cleaned_data
        if values.get("origin") and not values.get("reason"):
            self.add_error("reason", _("Say why the one goal leads to the other."))
        return values


class LinkForm(forms.Form):
    """Two goals that are on record, linked."""

    origin = forms.ChoiceField(label=_("From"))
    target = forms.ChoiceField(label=_("Leads to"))
    reason = ProseField(label=_("Because"), widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, kpis: Iterable[Kpi], **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": "", "prefix": "link"})
        choices = _offered(kpis)
        for name in ("origin", "target"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]


class MethodForm(forms.Form):
    """How a KPI is measured from a year on."""

    from_year = YearField(label=_("From fiscal year"))
    description = ProseField(label=_("How it is measured"))
    reason = ProseField(
        label=_("Why it changed"),
        required=False,
        help_text=_("Required for the second and later methods: they break the series."),
    )
