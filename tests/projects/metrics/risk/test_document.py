import pytest

from projects.metrics.risk import RULES
from projects.metrics.risk.document import render


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_the_page_tells_every_rule_with_its_parameters(rule_id: str) -> None:
    page = render(RULES.values())
    entry = RULES[rule_id]
    assert f"## {entry.title} (`{rule_id}`, version {entry.version})" in page
    assert entry.citation in page
    assert all(f"| `{name}` |" in page for name in entry.parameters)


def test_values_are_shown_in_their_unit() -> None:
    page = render(RULES.values())
    assert "| `high_up_to_ratio` | 0.10 (10 %) |" in page
    assert "| `large_amount_yen` | 1,000,000,000 yen |" in page
    assert "| `due_day` | day 10 |" in page
    assert "| `window_years` | 5 years |" in page


def test_rules_come_in_the_order_of_their_ids() -> None:
    page = render(RULES.values())
    places = [page.index(f"(`{rule_id}`,") for rule_id in sorted(RULES)]
    assert places == sorted(places)
