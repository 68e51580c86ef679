"""The UK's published file: what it holds, and what the early warning is worth on it."""

from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from projects.imports.gmpp import UnreadableFile, read_cases
from projects.metrics.outlook.warning import Sign, try_out
from tests.services import need_shared_data

HEAD = (
    "report_year,project_name,ipa_dca,end_date,fy_baseline_gbp_m,fy_forecast_gbp_m,"
    "whole_life_cost_baseline_gbp_m\n"
)


@pytest.fixture
def published() -> Path:
    return need_shared_data() / "uk" / "gmpp_2014_2019.csv"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "gmpp.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_rows_become_cases(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        HEAD
        + "2015,A New Thing,Amber,2018-03-31,10,8,100\n"
        + "2016,a new-thing ,Amber/Red,2018-09-30,0,5,120\n"
        + '2017,A New Thing,Exempt,,"1,000",Exempt under Section 43,\n',
    )
    first, second, third = read_cases(path)
    assert first.day == date(2015, 9, 30)
    assert (first.now.rating, first.now.cost, first.now.spent) == (3, Decimal(100), 0.8)
    assert first.signs == {Sign.RATING: True, Sign.FINISH: False, Sign.COST: True}
    assert second.before == first.now
    assert second.now.spent is None
    assert second.worsened is None
    assert (third.now.rating, third.now.finish, third.now.cost, third.years) == (
        None,
        None,
        None,
        2,
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "report_year"),
        ("report_year,project_name\n2014,x\n", "ipa_dca"),
        (HEAD + "then,x,Green,,,,\n", "then"),
    ],
)
def test_another_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UnreadableFile, match=says):
        read_cases(written(tmp_path, text))


def test_a_missing_file_is_said_by_the_command(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("backtest", "--file", str(tmp_path / "none.csv"))


@pytest.mark.shared_data
def test_slips_by_rating_agree_with_the_recomputed_rates(published: Path) -> None:
    """METRICS.md §3: worse ratings slip more often. (Its rates match later files too.)"""
    rates = {}
    cases = read_cases(published)
    for rating in (5, 4, 3, 2):
        known = [
            case.signs[Sign.FINISH] is True
            for case in cases
            if case.now.rating == rating and case.signs.get(Sign.FINISH) is not None
        ]
        rates[rating] = sum(known) / len(known)
    assert rates[5] < rates[4] < rates[3] < rates[2]


@pytest.mark.shared_data
def test_the_early_warning_beats_its_baselines_on_the_published_years(published: Path) -> None:
    cases = read_cases(published)
    assert len(cases) == 941
    trial = try_out(cases, year_of=lambda day: day.year)
    assert trial.held_out == (2015, 2016, 2017, 2018)
    assert trial.beats_all


@pytest.mark.shared_data
def test_the_command_prints_scores_calibration_and_verdict(published: Path) -> None:
    out = StringIO()
    call_command("backtest", "--file", str(published), stdout=out)
    told = out.getvalue()
    for word in ("941 cases", "AUC", "Brier", "base_rate", "last_change", "rating", "stated"):
        assert word in told
    assert "beats all three baselines" in told
