"""Under which terms value is reckoned: the rate money is discounted at, and the price of an hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance import entry
from governance.fields.forms import LineField
from governance.formatting import decimal_number
from projects.metrics.burden import YEN_PER_HOUR
from projects.worth import DISCOUNT_RATE, read_rate

_DEAREST_HOUR: Final = 100_000


@dataclass(frozen=True, slots=True)
class Terms:
    """`rate` a year as a ratio; the price of an hour in yen."""

    rate: Decimal = DISCOUNT_RATE
    yen_per_hour: int = YEN_PER_HOUR

    @property
    def rate_text(self) -> str:
        return f"{decimal_number((self.rate * 100).normalize())}%"

    def of(self, table: str) -> list[tuple[str, str]]:
        """Label and value of the terms that a table is reckoned with, for its file."""
        told: list[tuple[str, str]] = []
        if table in _DISCOUNTED:
            told.append((gettext("Discount rate a year"), self.rate_text))
        if table in _PRICED:
            # No separators: a comment of a CSV file holds none.
            told.append((gettext("Price of an hour, yen"), str(self.yen_per_hour)))
        return told


_DISCOUNTED: Final = frozenset({"worth", "projects"})
_PRICED: Final = frozenset({"time", "services"})


class TermsForm(forms.Form):
    """Both terms as typed; what cannot be read is said, and the usual term takes its place."""

    rate = LineField(
        label=_("Discount rate, % a year"),
        required=False,
        max_length=20,
        help_text=_("4 % where none is given."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "size": 8}),
    )
    yen_per_hour = LineField(
        label=_("Price of an hour, yen"),
        required=False,
        max_length=20,
        help_text=_(
            "¥2,543 where none is given: 820.8 billion yen ÷ 322.77 million hours, the"
            " plan of 2017."
        ),
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "size": 8}),
    )

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__(data, label_suffix="")

    def clean_rate(self) -> Decimal:
        given: str = self.cleaned_data["rate"]
        return read_rate(given) if given else DISCOUNT_RATE

    def clean_yen_per_hour(self) -> int:
        given: str = self.cleaned_data["yen_per_hour"]
        if not given:
            return YEN_PER_HOUR
        price = entry.yen(given)
        if not 0 < price <= _DEAREST_HOUR:
            raise ValidationError(
                _("The price of an hour lies from 1 to 100,000 yen."), code="price_range"
            )
        return price

    def terms(self) -> Terms:
        """What was asked for, as far as it could be understood."""
        self.full_clean()
        read = self.cleaned_data
        return Terms(
            read.get("rate", DISCOUNT_RATE),
            read.get("yen_per_hour", YEN_PER_HOUR),
        )

    def complaint(self) -> str:
        """What could not be read, in one line; "" where all could."""
        return " ".join(
            f"{self.fields[name].label}: {message}"
            for name, messages in self.errors.items()
            for message in messages
        )
