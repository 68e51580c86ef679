from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.template import Context, Template

from governance.tabular import Unknown


def render(expression: str, value: object) -> str:
    template = Template("{% load fmt %}{{ " + expression + " }}")
    return template.render(Context({"value": value, "as_of": date(2025, 6, 30)}))


@pytest.mark.parametrize(
    ("expression", "value", "shown"),
    [
        ("value|yen", 26_050_000_000, "¥26,050,000,000"),
        ('value|yen_in:"hundred_million"', 26_050_000_000, "¥26.05 bn"),
        ("value|yen_short", 26_050_000_000, "¥26.05 bn"),
        ("value|yen", 0, "¥0"),
        ("value|integer", 1450, "1,450"),
        ("value|decimal", Decimal("3.50"), "3.5"),
        ("value|percent", Decimal("0.512"), "51.2%"),
        ("value|signed_percent", Decimal("0.125"), "+12.5%"),
        ("value|fiscal_year", 2025, "FY2025"),
        ("value|era_date", date(2025, 4, 1), "2025-04-01"),
        ("value|iso_date", date(2025, 4, 1), "2025-04-01"),
        ("value|moment", datetime(2025, 4, 1, tzinfo=UTC), "2025-04-01 09:00"),
        ("value|age:as_of", date(2025, 6, 18), "12 days old"),
        ("value|or_dash", "<b>", "&lt;b&gt;"),
    ],
)
def test_a_filter_shows_what_the_module_says(expression: str, value: object, shown: str) -> None:
    assert render(expression, value) == shown


@pytest.mark.parametrize(
    "expression",
    [
        "value|yen",
        'value|yen_in:"million"',
        "value|yen_short",
        "value|integer",
        "value|decimal",
        "value|percent",
        "value|signed_percent",
        "value|fiscal_year",
        "value|era_date",
        "value|iso_date",
        "value|moment",
        "value|age:as_of",
        "value|or_dash",
    ],
)
def test_every_filter_shows_a_dash_with_the_reason(expression: str) -> None:
    for value in (None, "", Unknown("withheld")):
        html = render(expression, value)
        assert ">–<" in html
        assert "visually-hidden" in html
    assert "withheld" in render(expression, Unknown("withheld"))


def test_a_missing_ratio_cannot_be_computed() -> None:
    assert "cannot be computed" in render("value|percent", None)
    assert "not reported" in render("value|yen", None)
