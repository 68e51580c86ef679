"""JSON values read strictly: what fits is exact, what does not has a sentence. No database."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from governance.fields.bounds import YEN_MAX
from projects.api import reading
from projects.api.fields import Field, field_of
from projects.models import Contract, KpiValue, MonthlyUpdate, Risk, System

YEN = field_of(Contract, "amount")
RATIO = field_of(Contract, "award_ratio")
TARGET = field_of(KpiValue, "target")
DAY = field_of(Contract, "signed_on")
MONTH = field_of(MonthlyUpdate, "period")
CONFIDENCE = field_of(MonthlyUpdate, "confidence")
STATUS = field_of(Risk, "status")
MARK = field_of(System, "go_live_is_year_only")


@given(st.integers(min_value=-YEN_MAX, max_value=YEN_MAX))
def test_every_yen_figure_is_read_exactly(amount: int) -> None:
    assert reading.read(YEN, amount) == amount
    assert reading.read(YEN, f"{amount:,}円") == amount


@given(st.decimals(-(10**12), 10**12, places=6))
def test_every_decimal_is_read_exactly(number: Decimal) -> None:
    assert reading.read(TARGET, number) == number
    assert reading.read(TARGET, f"{number:f}") == number


@pytest.mark.parametrize(
    ("field", "given", "value"),
    [
        (DAY, "2026-04-01", date(2026, 4, 1)),
        (DAY, "令和8年4月1日", date(2026, 4, 1)),
        (MONTH, "2026-04", date(2026, 4, 1)),
        (RATIO, 1, Decimal(1)),
        (RATIO, "98.5%", Decimal("0.985")),
        (CONFIDENCE, 3, 3),
        (MARK, False, False),
    ],
)
def test_what_fits(field: Field, given: object, value: object) -> None:
    assert reading.read(field, given) == value


@pytest.mark.parametrize(
    ("field", "given"),
    [
        (DAY, 20260401),
        (DAY, "2026-02-30"),
        (MONTH, "2026-04-02"),
        (RATIO, Decimal("1.01")),
        (RATIO, {}),
        (TARGET, Decimal("1e31")),
        (TARGET, Decimal("1e-31")),
        (TARGET, True),
        (CONFIDENCE, "3"),
        (CONFIDENCE, True),
        (CONFIDENCE, 6),
        (STATUS, ""),
        (STATUS, ["open"]),
        (MARK, 1),
        (MARK, "true"),
    ],
)
def test_what_does_not_fit(field: Field, given: object) -> None:
    with pytest.raises(ValidationError) as refused:
        reading.read(field, given)
    assert refused.value.messages


def test_structures_have_a_bottom() -> None:
    nested: list[object] = []
    for _ in range(30):
        nested = [nested]
    with pytest.raises(ValidationError, match="nested too deeply"):
        reading.structure(nested)
