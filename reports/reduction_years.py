"""Between which years operation cost is compared: asked for in the address, else the target's."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.formatting import fiscal_year, fiscal_year_short
from governance.models import Target
from reports.costs import Costs

POLICY_FALL = Decimal("0.3")
"""The fall that the policy of 2017 aims at, where no target is registered."""


def share_of(target: Target) -> Decimal:
    """The fall that a target in percent aims at, as a ratio."""
    return target.target_value / 100


@dataclass(frozen=True, slots=True)
class Defaults:
    """The years compared where nobody asks: None where there is no such year."""

    base: int | None
    end: int | None


def defaults(known: Mapping[int, int], shown: int | None, targets: Iterable[Target]) -> Defaults:
    """`known` counts who tells operation cost in each year, `shown` is the year of the page.

    The base is that of the latest target, else the first year: of the years in which at least
    half as many tell it as at the end, because two stray figures are no base. Without such a year
    it is the first of all.
    """
    end = shown if shown in known else max(known, default=None)
    if end is None:
        return Defaults(None, None)
    earlier = [year for year in known if year < end]
    told = [year for year in earlier if known[year] * 2 >= known[end]]
    aimed = [target.base_year for target in targets if target.base_year in told]
    return Defaults(aimed[-1] if aimed else min(told or earlier, default=None), end)


class ReductionYearsForm(forms.Form):
    """Base year and year compared. What cannot be compared is reported, and the defaults taken."""

    base_year = forms.TypedChoiceField(
        label=_("Base year"), required=False, coerce=int, empty_value=None
    )
    end_year = forms.TypedChoiceField(
        label=_("Year compared"), required=False, coerce=int, empty_value=None
    )

    def __init__(self, data: Mapping[str, Any], *, years: Sequence[int], usual: Defaults) -> None:
        super().__init__(data, label_suffix="")
        self.usual = usual
        for name, year in (("base_year", usual.base), ("end_year", usual.end)):
            told = gettext("as a rule (%(year)s)") % {"year": fiscal_year_short(year)}
            self.fields[name].choices = [  # type: ignore[attr-defined]
                ("", told),
                *((year, fiscal_year(year)) for year in sorted(years, reverse=True)),
            ]

    def clean(self) -> dict[str, Any]:
        asked = super().clean() or {}
        if self.errors:
            return asked
        base = asked.get("base_year") or self.usual.base
        end = asked.get("end_year") or self.usual.end
        is_asked = asked.get("base_year") or asked.get("end_year")
        if is_asked and base is not None and end is not None and base >= end:
            raise ValidationError(
                gettext("The base year (%(base)s) must lie before the year compared (%(end)s).")
                % {"base": fiscal_year(base), "end": fiscal_year(end)}
            )
        return asked

    def years(self) -> tuple[int, int] | None:
        """Base year and year compared; None where no two years tell operation cost."""
        self.full_clean()
        asked = {} if self.errors else self.cleaned_data
        base = asked.get("base_year") or self.usual.base
        end = asked.get("end_year") or self.usual.end
        return None if base is None or end is None else (base, end)

    @property
    def complaint(self) -> str:
        """What could not be understood, in one line; "" where all could."""
        told = []
        for name, messages in self.errors.items():
            label = self.fields[name].label if name in self.fields else ""
            told += [f"{label}: {message}" if label else str(message) for message in messages]
        return " ".join(told)


def years_form(
    costs: Costs, targets: Iterable[Target], query: Mapping[str, Any]
) -> ReductionYearsForm:
    """The form over the years of which a reader's selection tells operation cost."""
    known = {
        year: sums.count("operation_known")
        for year, sums in costs.years()
        if sums.yen("operation") is not None
    }
    usual = defaults(known, costs.year, targets)
    return ReductionYearsForm(query, years=tuple(known), usual=usual)
