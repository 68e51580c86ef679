"""Flags in words: the sentence people act on, from the figures alone."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from projects.metrics import risk
from projects.metrics.risk import (
    RULES,
    Award,
    Budget,
    OnlineUse,
    Operation,
    OperationCost,
    Reporting,
    ReviewDates,
    Rule,
    Settlement,
    Severity,
    cost_growth,
    execution_rate,
    late_report,
    low_online_use,
    review_overdue,
    single_bidder,
)
from projects.metrics.types import MISSING, Figure, ValueState
from projects.models import RiskFlag
from projects.risk_text import Note, note_of, title_of

AS_OF = date(2026, 11, 24)


def flag(rule: Rule[Any], facts: object, **policy: object) -> RiskFlag:
    """The flag that the service would store, without a database."""
    parameters = rule.settle(policy)
    outcome = rule.judge(facts, parameters, AS_OF)
    return RiskFlag(
        rule_id=rule.id,
        severity=outcome.severity,
        reason=outcome.reason or "",
        figures=dict(outcome.figures),
        parameters={name: str(value) for name, value in parameters.items()},
    )


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_every_rule_has_its_title_in_both_languages(rule_id: str) -> None:
    assert title_of(rule_id) == RULES[rule_id].title


def test_a_rule_that_is_gone_keeps_its_id_as_title() -> None:
    gone = RiskFlag(rule_id="no_such_rule", severity="high")
    assert title_of("no_such_rule") == "no_such_rule"
    assert note_of(gone) == Note("The rule behind this flag is no longer in use.", "–")


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (23, "The report for 2026-10 was due on 2026-11-23 and is 1 day late."),
        (10, "The report for 2026-10 was due on 2026-11-10 and is 14 days late."),
    ],
)
def test_late_report(days: int, why: str) -> None:
    note = note_of(flag(late_report, Reporting(True, date(2026, 10, 1)), due_day=days))
    assert note == Note(why, "The report for 2026-10 or a later month is submitted.")


def test_late_report_unknown() -> None:
    note = note_of(flag(late_report, Reporting(None)))
    assert note.why.startswith("It is not known whether, or since when, this project owes")


@pytest.mark.parametrize(
    ("award", "why", "clears"),
    [
        (
            Award(True, Figure(1), 120_000_000),
            "One bidder in an open competition for ¥0.12 bn.",
            "The number of bidders is corrected: a single bid that happened stays on record.",
        ),
        (
            Award(True, Figure(1)),
            "One bidder in an open competition; its amount is not reported.",
            "The number of bidders is corrected: a single bid that happened stays on record.",
        ),
        (
            Award(True, Figure(1), 2_000_000_000),
            "One bidder in an open competition for ¥2.00 bn. Contracts from ¥1.00 bn owe a reason,"
            " and none is on record.",
            "The number of bidders is corrected: a single bid that happened stays on record. It"
            " falls to medium once the reason is on record.",
        ),
        (
            Award(True, Figure(1), 2_000_000_000, Decimal("0.995"), has_reason=True),
            "One bidder in an open competition for ¥2.00 bn. It was awarded at 99.5% of the"
            " ceiling price.",
            "The number of bidders is corrected: a single bid that happened stays on record.",
        ),
    ],
)
def test_single_bidder(award: Award, why: str, clears: str) -> None:
    assert note_of(flag(single_bidder, award)) == Note(why, clears)


@pytest.mark.parametrize(
    ("award", "why"),
    [
        (Award(None, Figure(1)), "It is not known whether the contract was open to competition."),
        (Award(True, MISSING), "The number of bidders is not reported."),
        (Award(True, Figure(None, ValueState.WITHHELD)), "The number of bidders is withheld."),
        (Award(True, Figure(0)), "An open competition is recorded with fewer than one bidder."),
    ],
)
def test_single_bidder_unknown(award: Award, why: str) -> None:
    note = note_of(flag(single_bidder, award))
    assert note == Note(why, "The method of the contract and the number of bidders are entered.")


def test_low_online_use() -> None:
    facts = OnlineUse(1, date(2020, 4, 1), 2024, 138_380_000, 9_084_000)
    assert note_of(flag(low_online_use, facts)) == Note(
        "6.6% of 138,380,000 cases were done online in FY2024 (9,084,000 cases).",
        "At least 50% of a finished year's cases are done online.",
    )


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (OnlineUse(1, None, 2024, 9, 0), "It is not known since when the system has been in use."),
        (
            OnlineUse(1, date(2020, 4, 1)),
            "No year has both case counts for the services on this system.",
        ),
        (
            OnlineUse(1, date(2020, 4, 1), 2024, 1, 2),
            "More online cases than cases are reported for FY2024.",
        ),
    ],
)
def test_low_online_use_unknown(facts: OnlineUse, why: str) -> None:
    assert note_of(flag(low_online_use, facts)).why == why


@pytest.mark.parametrize(
    ("years", "why"),
    [
        (
            [Settlement(2025, 10**9, 4 * 10**8, 5 * 10**8)],
            "40.0% of the budget available in FY2025 (¥1.00 bn) was spent. ¥0.50 bn was carried"
            " over to the next year.",
        ),
        (
            [Settlement(2025, 10**9, 11 * 10**8, 0)],
            "110.0% of the budget available in FY2025 (¥1.00 bn) was spent.",
        ),
        (
            [Settlement(2024, 10**9, 4 * 10**8)],
            "40.0% of the budget available in FY2024 (¥1.00 bn) was spent. FY2025 is not reported"
            " yet.",
        ),
        (
            [Settlement(2025, 0, 5_000_000)],
            "¥5 million was spent in FY2025 without any budget available.",
        ),
    ],
)
def test_execution_rate(years: list[Settlement], why: str) -> None:
    assert note_of(flag(execution_rate, Budget(years))) == Note(
        why, "A later settled year lies between 70% and 100% of its budget."
    )


@pytest.mark.parametrize(
    ("years", "why"),
    [
        ([], "Budget and execution are not both known for any settled year up to FY2025."),
        (
            [Settlement(2024, 100, 90)],
            "FY2025 should be settled and is not reported; FY2024 was in order.",
        ),
    ],
)
def test_execution_rate_unknown(years: list[Settlement], why: str) -> None:
    assert note_of(flag(execution_rate, Budget(years))) == Note(
        why, "The budget available and the amount spent in FY2025 are reported."
    )


def test_cost_growth() -> None:
    facts = Operation([OperationCost(2021, 340_000_000), OperationCost(2024, 10_590_000_000)])
    assert note_of(flag(cost_growth, facts)) == Note(
        "Operation cost rose by 3,014.7%, from ¥0.34 bn in FY2021 to ¥10.59 bn in FY2024.",
        "The growth within 5 fiscal years falls below 10%.",
    )


def test_cost_growth_unknown() -> None:
    note = note_of(flag(cost_growth, Operation([])))
    assert note.why == ("Operation cost is known for fewer than two of the last 5 fiscal years.")


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        (
            ReviewDates(date(2026, 11, 23)),
            "The review was due on 2026-11-23 and is 1 day overdue.",
        ),
        (
            ReviewDates(date(2026, 11, 14), held_on=date(2026, 11, 15)),
            "The review was due on 2026-11-14 and is 10 days overdue. It was held on 2026-11-15"
            " but is not complete.",
        ),
        (ReviewDates(None), "The review is open and has no due date."),
    ],
)
def test_review_overdue(facts: ReviewDates, why: str) -> None:
    assert note_of(flag(review_overdue, facts)).why == why


yen = st.none() | st.integers(0, 10**13)
days = st.none() | st.dates(date(2018, 1, 1), date(2028, 1, 1))
counts = st.none() | st.integers(0, 1000)
years = st.integers(2018, 2027)
day = st.dates(date(2018, 1, 1), date(2028, 1, 1))
counts_known = st.integers(0, 20)
FACTS: Mapping[str, st.SearchStrategy[Any]] = {
    "late_report": st.builds(Reporting, st.none() | st.booleans(), days, days, days),
    "single_bidder": st.builds(
        Award,
        st.none() | st.booleans(),
        st.builds(Figure.of, st.none() | st.integers(0, 3)),
        yen,
        st.none() | st.decimals(0, 1, places=5),
        st.booleans(),
    ),
    "low_online_use": st.builds(
        OnlineUse, st.integers(0, 3), days, years, counts, counts, st.booleans()
    ),
    "execution_rate": st.builds(
        Budget, st.lists(st.builds(Settlement, years, yen, yen, yen)), st.booleans()
    ),
    "cost_growth": st.builds(
        Operation, st.lists(st.builds(OperationCost, years, yen)), st.booleans()
    ),
    "review_overdue": st.builds(ReviewDates, days, st.booleans(), days),
    "finding_overdue": st.lists(st.builds(risk.OpenFinding, days, st.booleans())),
    **dict.fromkeys(
        ("carry_over", "unused_budget"),
        st.builds(
            Budget, st.lists(st.builds(Settlement, years, yen, yen, yen, yen)), st.booleans()
        ),
    ),
    **dict.fromkeys(
        ("cost_overrun", "schedule_slip", "baseline_growth", "rebaselined", "zero_variance"),
        st.builds(
            risk.Delivery,
            st.lists(st.builds(risk.Plan, day, day, day, st.integers(0, 10**13)), max_size=4),
            yen,
            days,
            counts,
            st.booleans(),
            st.booleans(),
        ),
    ),
    "kpi_off_target": st.integers(0, 5).flatmap(
        lambda known: st.builds(
            risk.Goals, st.integers(known, 9), st.just(known), st.integers(0, known)
        )
    ),
    "no_outcome": st.builds(risk.Outcomes, st.integers(0, 2), st.integers(0, 1), yen),
    **dict.fromkeys(
        ("bcr_below_one", "benefit_shortfall"),
        st.builds(
            risk.Promise,
            st.lists(st.builds(risk.CostYear, years, yen)),
            st.lists(st.builds(risk.BenefitYear, years, yen, yen)),
        ),
    ),
    **dict.fromkeys(
        ("year_end_spending", "vendor_concentration"),
        st.builds(
            risk.Purchases,
            st.lists(
                st.builds(
                    risk.Purchase, st.sampled_from(["甲", "乙"]), yen, days, st.none() | years
                )
            ),
        ),
    ),
    "unit_cost_outlier": st.builds(
        risk.UnitCost, years, yen, counts, st.none() | st.decimals(0, 10**6, places=3), counts_known
    ),
    "ageing_system": st.builds(risk.Ageing, days, st.none() | years),
    "conformity_gap": st.builds(
        risk.Conformity,
        st.dictionaries(
            st.sampled_from(["api", "open_data", "my_number", "platform"]),
            st.none() | st.booleans(),
        ),
        st.booleans(),
        st.none() | years,
    ),
    **dict.fromkeys(
        ("security_test_overdue", "continuity_test_overdue"), st.builds(risk.LastTest, days)
    ),
    "missing_roles": st.builds(
        risk.Offices, st.booleans(), *([st.integers(0, 1)] * 3), st.booleans()
    ),
}


@pytest.mark.parametrize("rule_id", sorted(RULES))
@given(data=st.data())
def test_whatever_a_rule_finds_can_be_said(rule_id: str, data: st.DataObject) -> None:
    found = flag(RULES[rule_id], data.draw(FACTS[rule_id]))
    if found.severity == Severity.NONE:
        return  # Nothing is stored, so nothing is said.
    for language in ("ja", "en"):
        with translation.override(language):
            note = note_of(found)
        assert note.why
        assert note.clears_when
        assert "None" not in note.why + note.clears_when
        assert "–" not in note.why + note.clears_when
