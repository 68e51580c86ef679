"""The metric dictionary: formulae over named terms, in two languages, as a document."""

import pytest

from projects.metrics.dictionary import METRICS, TERMS, formula, render
from projects.metrics.dictionary.entry import Metric, Unit


def test_a_formula_reads_in_both_languages() -> None:
    rate = METRICS["execution_rate"]
    assert formula(rate) == "executed ÷ budget available"
    assert formula(rate, japanese=True) == "執行額 ÷ 予算現額"


def test_a_formula_takes_numbers_and_none_may_be_left_out() -> None:
    rate = METRICS["execution_rate"]
    assert rate.terms == ("executed", "available")
    assert rate.filled({"executed": "¥60", "available": "¥100"}) == "¥60 ÷ ¥100"
    with pytest.raises(KeyError):
        rate.filled({"executed": "¥60"})


def test_each_term_is_named_once_in_a_formula() -> None:
    assert METRICS["tcpi"].terms == ("bac", "ev", "ac")
    assert METRICS["eac_combined"].terms == ("ac", "bac", "ev", "pv")


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.id)
def test_every_entry_is_whole(metric: Metric) -> None:
    assert metric.name != metric.name_ja
    assert metric.range
    assert metric.source
    assert set(metric.terms) <= set(TERMS)
    assert metric.unit is not Unit.RATIO or metric.undefined  # A divisor may be zero or unknown.


def test_the_document_has_a_line_a_metric() -> None:
    lines = render(METRICS.values()).splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) == len(METRICS)
    assert all(line.count(" | ") == 10 for line in rows)
