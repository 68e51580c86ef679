"""Yen in prose: each case is taken from a published sheet (行政事業レビュー 2024, table 1-2)."""

import pytest

from projects.imports.rs_remarks import parse_remark


def _figures(text: str) -> dict[tuple[str, int], int | None]:
    return {(f.cost_class, f.year): f.yen for f in parse_remark(text).figures}


def test_thousands_under_two_headings_and_dashes_for_nothing() -> None:
    # Sheet 11.
    assert _figures(
        "「開発・整備関連」／\u3000執行額：2021年度ー千円、2022年度291,015千円、2024年度ー千円／"
        "「運用保守関連」／\u3000執行額：2021年度12,154,717千円、2022年度15,530,176千円／"
        "※2023年度までは、デジタル庁一括計上予算"
    ) == {
        ("development", 2021): None,
        ("development", 2022): 291_015_000,
        ("development", 2024): None,
        ("operation", 2021): 12_154_717_000,
        ("operation", 2022): 15_530_176_000,
    }


def test_two_headings_over_one_block_are_not_split_by_guessing() -> None:
    # Sheets 20105 and 20055.
    for heading in ("「開発・整備関連、運用保守関連」", "「運用・保守関連」・「開発・整備関連」"):
        text = f"{heading}／執行額／2021年度\u30004,816,559千円／"
        assert _figures(text) == {("combined", 2021): 4_816_559_000}


def test_a_figure_in_smaller_units_than_its_neighbours_is_reported_and_kept() -> None:
    # Sheet 13.
    remark = parse_remark(
        "「運用保守関連」／執行額：2021年度161,445千円、2022年度145,728円、2023年度142,393円"
    )
    assert [slip.text for slip in remark.mixed_units] == [
        "2022年度145,728円",
        "2023年度142,393円",
    ]
    assert {f.year: f.yen for f in remark.figures}[2022] == 145_728


def test_zero_is_the_same_in_every_unit() -> None:
    # Sheet 20134.
    text = "「開発・整備関連」／執行額：2021年度6,611千円、2022年度0円、2023年度0円／"
    assert parse_remark(text).mixed_units == ()
    assert _figures(text)[("development", 2022)] == 0


def test_a_footnote_says_nothing() -> None:
    assert _figures("※「運用保守関連」2021年度100千円") == {}


@pytest.mark.parametrize(
    ("number", "yen"),
    [("1,234.5千円", 1_234_500), ("2.5百万円", 2_500_000), ("1,000円", 1000), ("3億円", 3 * 10**8)],
)
def test_units_become_whole_yen(number: str, yen: int) -> None:
    assert _figures(f"「運用保守関連」2023年度{number}") == {("operation", 2023): yen}


def test_a_fraction_of_a_yen_is_not_read() -> None:
    remark = parse_remark("「運用保守関連」2023年度1.5円")
    assert remark.figures == ()
    assert remark.unreadable == ("2023年度1.5円",)
