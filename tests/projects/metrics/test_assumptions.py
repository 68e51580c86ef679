"""What a scenario may assume, read with every fault at once."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics.assumptions import Assumptions, Fault, Problem, read
from projects.metrics.risk import RULES


def test_nothing_assumed_is_today() -> None:
    assert read({}) == (Assumptions(), ())
    assert Assumptions().as_json() == {}
    nothing = dict.fromkeys(
        ("discount_rate", "horizon_years", "yen_per_hour", "thresholds", "projects")
    )
    assert read(nothing) == (Assumptions(), ())


def test_everything_assumed_comes_back_as_it_was_written() -> None:
    raw = {
        "discount_rate": "0.02",
        "horizon_years": 10,
        "yen_per_hour": 3000,
        "thresholds": {"cost_overrun": {"medium_from_ratio": "0.2"}},
        "projects": {"A": "drop", "B": {"defer_years": 3}},
    }
    found, faults = read(raw)
    assert faults == ()
    assert found == Assumptions(
        Decimal("0.02"),
        10,
        3000,
        {"cost_overrun": {"medium_from_ratio": Decimal("0.2")}},
        frozenset({"A"}),
        {"B": 3},
    )
    assert found.codes == {"A", "B"}
    assert found.as_json() == raw


@pytest.mark.parametrize(
    ("name", "given", "fault"),
    [
        ("discount_rate", "abc", Fault(Problem.NO_NUMBER, "discount_rate")),
        ("discount_rate", "1.01", Fault(Problem.OUT_OF_BOUNDS, "discount_rate", "", 0, 1)),
        ("discount_rate", "NaN", Fault(Problem.OUT_OF_BOUNDS, "discount_rate", "", 0, 1)),
        ("horizon_years", 0, Fault(Problem.OUT_OF_BOUNDS, "horizon_years", "", 1, 50)),
        ("horizon_years", 51, Fault(Problem.OUT_OF_BOUNDS, "horizon_years", "", 1, 50)),
        ("horizon_years", "1.5", Fault(Problem.NOT_WHOLE, "horizon_years")),
        ("yen_per_hour", 0, Fault(Problem.OUT_OF_BOUNDS, "yen_per_hour", "", 1, 1_000_000)),
        ("thresholds", [1], Fault(Problem.SHAPE, "thresholds")),
        ("thresholds", {"no_rule": {}}, Fault(Problem.UNKNOWN_RULE, "no_rule")),
        ("thresholds", {"cost_overrun": 3}, Fault(Problem.SHAPE, "cost_overrun")),
        (
            "thresholds",
            {"cost_overrun": {"x": 1}},
            Fault(Problem.UNKNOWN_NAME, "x", "cost_overrun"),
        ),
        (
            "thresholds",
            {"cost_overrun": {"medium_from_ratio": 11}},
            Fault(Problem.OUT_OF_BOUNDS, "medium_from_ratio", "cost_overrun", 0, 10),
        ),
        ("projects", "A", Fault(Problem.SHAPE, "projects")),
        ("projects", {"A": "later"}, Fault(Problem.NO_CHANGE, "A")),
        ("projects", {"A": {"years": 3}}, Fault(Problem.NO_CHANGE, "A")),
        ("projects", {"A": {"defer_years": 0}}, Fault(Problem.OUT_OF_BOUNDS, "A", "", 1, 20)),
        ("projects", {"A": {"defer_years": 21}}, Fault(Problem.OUT_OF_BOUNDS, "A", "", 1, 20)),
        ("weather", "fine", Fault(Problem.UNKNOWN_NAME, "weather")),
    ],
)
def test_what_cannot_be_assumed_is_told_and_left_out(
    name: str, given: object, fault: Fault
) -> None:
    assert read({name: given}) == (Assumptions(), (fault,))


def test_bounds_themselves_are_allowed() -> None:
    found, faults = read({"discount_rate": 1, "horizon_years": 50, "yen_per_hour": 1})
    assert found == Assumptions(Decimal(1), 50, 1)
    assert faults == ()
    assert read({"discount_rate": 0})[0].rate == 0


def test_every_fault_is_told_at_once_and_what_is_right_stays() -> None:
    found, faults = read(
        {"discount_rate": "abc", "horizon_years": 5, "projects": {"A": "x", "B": "drop"}}
    )
    assert {fault.name for fault in faults} == {"discount_rate", "A"}
    assert found == Assumptions(horizon=5, dropped=frozenset({"B"}))


def test_what_is_no_object_assumes_nothing() -> None:
    assert read("drop all") == (Assumptions(), (Fault(Problem.SHAPE, ""),))


@st.composite
def _assumptions(draw: st.DrawFn) -> Assumptions:
    rule = RULES[draw(st.sampled_from(sorted(RULES)))]
    name = draw(st.sampled_from(sorted(rule.parameters)))
    dropped = draw(st.frozensets(st.text(min_size=1, max_size=3), max_size=3))
    deferred = draw(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(1, 20)))
    return Assumptions(
        draw(st.none() | st.decimals(0, 1, places=4)),
        draw(st.none() | st.integers(1, 50)),
        draw(st.none() | st.integers(1, 9999)),
        draw(st.sampled_from([{}, {rule.id: {name: rule.parameters[name].default}}])),
        dropped,
        {code: years for code, years in deferred.items() if code not in dropped},
    )


@given(_assumptions())
def test_written_and_read_is_the_same(assumptions: Assumptions) -> None:
    assert read(assumptions.as_json()) == (assumptions, ())
