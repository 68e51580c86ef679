"""The filter form of the portfolio, the agency and the attention page: an address is the state."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.fields.forms import LineField
from governance.formatting import fiscal_year
from governance.models import Agency
from projects.metrics.periods import fiscal_year_of
from projects.models import SystemClass
from projects.models.choices import FlagSeverity, SystemStatus
from projects.risk_text import TITLES
from projects.selectors import AgencyTree, Criteria, SizeBand

YEARS_OFFERED = 10

Choices = list[tuple[Any, Any]]


def _any(choices: Iterable[tuple[Any, Any]]) -> Choices:
    return [("", _("all")), *choices]


class PortfolioFilterForm(forms.Form):
    """What a reader may narrow a portfolio by. Cost: none, the choices are handed in.

    A field whose value is no choice is reported and left out of `criteria`.
    """

    agency = forms.ChoiceField(label=_("Agency (with those below it)"), required=False)
    year = forms.TypedChoiceField(
        label=_("Fiscal year of yearly figures"), required=False, coerce=int, empty_value=None
    )
    system_class = forms.ChoiceField(label=_("Class of system"), required=False)
    status = forms.ChoiceField(label=_("Status of system"), required=False)
    size = forms.ChoiceField(label=_("Size of system"), required=False)
    rule = forms.ChoiceField(label=_("Rule of an open flag"), required=False)
    severity = forms.ChoiceField(label=_("Severity of an open flag"), required=False)
    q = LineField(label=_("Name or ID of system"), required=False, max_length=100)

    def __init__(
        self,
        data: Mapping[str, Any],
        *,
        tree: AgencyTree,
        classes: Iterable[SystemClass],
        as_of: date,
        agency: Agency | None = None,
    ) -> None:
        """`agency` fixes the agency: the page of one agency has no field for it."""
        super().__init__(data, label_suffix="")
        self.tree = tree
        self.fixed_agency = agency
        if agency is not None:
            del self.fields["agency"]
        this_year = fiscal_year_of(as_of)
        years = range(this_year, this_year - YEARS_OFFERED, -1)
        choices: dict[str, Choices] = {
            "agency": _any((a.code, _indented(tree, a)) for a in tree.by_id.values()),
            "year": [("", _("latest with figures")), *((y, fiscal_year(y)) for y in years)],
            "system_class": _any((c.code, str(c)) for c in classes),
            "status": _any(SystemStatus.choices),
            "size": _any(SizeBand.choices),
            "rule": _any(TITLES.items()),
            "severity": _any(FlagSeverity.choices),
        }
        for name, offered in choices.items():
            if name in self.fields:
                self.fields[name].choices = offered  # type: ignore[attr-defined]

    def criteria(self) -> Criteria:
        """What was asked for, as far as it could be understood."""
        self.full_clean()
        asked = self.cleaned_data
        agency = self.fixed_agency or self.tree.find(asked.get("agency", ""))
        return Criteria(
            agency_ids=None if agency is None else self.tree.below(agency),
            fiscal_year=asked.get("year"),
            system_class=asked.get("system_class", ""),
            status=asked.get("status", ""),
            size=asked.get("size", ""),
            text=asked.get("q", ""),
            rule_id=asked.get("rule", ""),
            severity=asked.get("severity", ""),
        )

    def described(self) -> list[tuple[str, str]]:
        """Label and value of every filter in force, in words."""
        self.full_clean()
        described = []
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            if value in (None, ""):
                continue
            words = dict(getattr(field, "choices", ())).get(value, value)
            described.append((str(field.label), str(words).strip("\u3000")))
        return described

    def described_fully(self) -> list[tuple[str, str]]:
        """`described`, with the agency of a page that is about one: for files."""
        if self.fixed_agency is None:
            return self.described()
        return [
            (gettext("Agency (with those below it)"), str(self.fixed_agency)),
            *self.described(),
        ]


def _indented(tree: AgencyTree, agency: Agency) -> str:
    """Agencies below others stand further right; the space is one that HTML keeps."""
    return "\u3000" * tree.depth(agency) + str(agency)
