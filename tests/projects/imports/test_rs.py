"""The real review sheets of 2024: what is loaded equals what was published."""

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from governance import audit
from governance.models import Agency, AuditEvent
from projects.imports import archive, rs, rs_columns
from projects.imports.errors import ImportRejected
from projects.models import (
    Contract,
    CostLine,
    ImportRun,
    Kpi,
    KpiLink,
    Review,
    RiskFlag,
    System,
    YearRollup,
)
from projects.models.choices import COMPETITIVE_METHODS, Stage
from projects.register import KINDS
from projects.services import register, rollups
from tests.conftest import act
from tests.services import need_shared_data

pytestmark = [pytest.mark.django_db, pytest.mark.shared_data]


@pytest.fixture
def folder() -> Path:
    return need_shared_data() / "rs2024"


def _published(folder: Path, table: str) -> Iterator[dict[str, str]]:
    """An independent reader of the published tables: standard library only."""
    (path,) = folder.glob(f"{table}_*.zip")
    with zipfile.ZipFile(path) as pack, pack.open(pack.namelist()[0]) as raw:
        for row in csv.DictReader(io.TextIOWrapper(raw, "utf-8-sig", newline="")):
            if "情報通信技術調達等適正・効率化推進費" in row["事業名"]:
                yield row


def _run(folder: Path) -> str:
    out = StringIO()
    call_command("import_rs", str(folder), stdout=out)
    return out.getvalue()


def test_the_portfolio_is_loaded_as_published_and_a_second_run_changes_nothing(
    folder: Path,
) -> None:
    text = _run(folder)
    assert System.objects.filter(system_id__startswith="RS-").count() == 210
    contracts = Contract.objects.filter(contract_id__startswith="RS2024-")
    assert contracts.count() == 350
    assert contracts.values("system").distinct().count() == 87
    competitive = contracts.filter(method__in=COMPETITIVE_METHODS)
    assert Counter(competitive.values_list("method", flat=True)) == {
        "open_evaluation": 109,
        "open_price": 65,
    }
    assert competitive.filter(bidders=1).count() == 122
    assert Kpi.objects.count() > 1300
    assert KpiLink.objects.exclude(reason="").exists()
    assert Review.objects.filter(review_type__code="rs-team").count() == 72
    assert set(RiskFlag.objects.values_list("rule_id", flat=True)) >= {"single_bidder"}
    assert list(rollups.differences()) == []
    assert list(audit.verify()) == []
    assert "unit slip" in text
    assert "145,728円" in text
    before = (AuditEvent.objects.count(), ImportRun.objects.count(), CostLine.objects.count())
    assert "Nothing changed" in _run(folder)
    after = (AuditEvent.objects.count(), ImportRun.objects.count(), CostLine.objects.count())
    assert after == before


def test_totals_equal_an_independent_sum_of_the_tables(folder: Path) -> None:
    _run(folder)
    published: Counter[tuple[str, int]] = Counter()
    for row in _published(folder, "2-1"):
        if not row["会計区分"]:
            year = int(row["予算年度"])
            published["initial", year] += int(float(row["当初予算（合計）"] or 0))
            published["available", year] += int(float(row["計（歳出予算現額合計）"] or 0))
            published["executed", year] += int(float(row["執行額（合計）"] or 0))
    rows = YearRollup.objects.values("fiscal_year").annotate(
        i=Sum("initial"), a=Sum("available"), e=Sum("executed")
    )
    loaded = {row["fiscal_year"]: row for row in rows}
    for year in (2021, 2022, 2023):
        assert int(loaded[year]["i"]) == published["initial", year]
        assert int(loaded[year]["a"]) == published["available", year]
        assert int(loaded[year]["e"]) == published["executed", year]
    assert int(loaded[2024]["i"]) == published["initial", 2024]
    assert loaded[2024]["e"] is None, "FY2024 was still running: not reported, not zero"
    assert [published["initial", year] for year in (2021, 2022, 2023, 2024)] == [
        269_944_000_000,
        460_052_000_000,
        481_188_000_000,
        480_327_293_000,
    ]


def test_the_split_of_a_large_system_and_of_all(folder: Path) -> None:
    _run(folder)
    ksk = YearRollup.objects.get(system__system_id="RS-20079", fiscal_year=2021)
    # 国税総合管理（KSK）システム: 126.5 and 260.5 億円.
    assert (ksk.development, ksk.operation) == (12_649_182_000, 26_053_406_000)
    sums = YearRollup.objects.filter(fiscal_year=2021).aggregate(Sum("operation"))
    assert round(int(sums["operation__sum"]) / 10**8) == 2395
    system = System.objects.get(system_id="RS-20079")
    assert system.agency.name == "国税庁"
    assert system.agency.parent is not None
    assert system.agency.parent.name == "財務省"


def test_an_owner_that_is_not_stated_is_not_guessed(folder: Path) -> None:
    _run(folder)
    unstated = Agency.objects.get(code="unstated")
    stated: dict[str, bool] = {}
    for row in _published(folder, "1-1"):
        number = row["予算事業ID"]
        stated[number] = stated.get(number, False) or bool(row["府省庁（その他担当組織）"])
    assert unstated.systems.count() == sum(not known for known in stated.values()) == 23


def test_a_bid_without_bidders_named_is_missing_and_a_negotiation_has_none(folder: Path) -> None:
    _run(folder)
    for contract in Contract.objects.filter(bidders__isnull=True):
        is_bid = contract.method in (*COMPETITIVE_METHODS, "unknown")
        assert contract.bidders_state == ("missing" if is_bid else "not_applicable")


# --- bad input ------------------------------------------------------------------------------


def _copy(folder: Path, target: Path) -> Path:
    target.mkdir()
    for path in folder.iterdir():
        (target / path.name).symlink_to(path)
    return target


def _replace(folder: Path, table: str, content: bytes, *, name: str = "table.csv") -> str:
    (path,) = folder.glob(f"{table}_*.zip")
    file_name = path.name
    path.unlink()
    with zipfile.ZipFile(folder / file_name, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr(name, content)
    return file_name


def _table(table: str, *rows: dict[str, str], columns: tuple[str, ...] | None = None) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or rs_columns.TABLES[table], restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def _it(**more: str) -> dict[str, str]:
    return {
        "事業年度": "2024",
        "予算事業ID": "20079",
        "事業名": "例（情報通信技術調達等適正・効率化推進費）",
        **more,
    }


def _refused(folder: Path) -> str:
    with pytest.raises(CommandError) as refused:
        call_command("import_rs", str(folder), stdout=StringIO())
    assert not System.objects.exists()
    assert not AuditEvent.objects.exists()
    return str(refused.value)


def test_a_missing_folder_and_a_missing_table(folder: Path, tmp_path: Path) -> None:
    assert "does not exist" in _refused(tmp_path / "nowhere")
    copy = _copy(folder, tmp_path / "rs")
    next(copy.glob("2-1_*.zip")).unlink()
    assert "2-1_" in _refused(copy)


def test_a_corrupt_archive(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    (path,) = copy.glob("2-1_*.zip")
    content = path.read_bytes()[:5000]
    name = path.name
    path.unlink()
    (copy / name).write_bytes(content)
    message = _refused(copy)
    assert name in message
    assert "damaged" in message


def test_a_wrong_encoding_names_the_row(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    content = _table("2-1", _it(予算年度="2023")).decode("utf-8-sig").encode("cp932")
    name = _replace(copy, "2-1", content)
    assert _refused(copy).startswith(f"{name}, row 1")


def test_a_missing_and_an_unknown_column_are_both_named(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    columns = tuple(c if c != "予算年度" else "年度" for c in rs_columns.TABLES["2-1"])
    _replace(copy, "2-1", _table("2-1", columns=columns))
    message = _refused(copy)
    assert "“予算年度”: This column is missing" in message
    assert "“年度”: This column is not known" in message


def test_a_table_of_another_year(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    name = _replace(copy, "2-1", _table("2-1", _it(事業年度="2023", 予算年度="2022")))
    message = _refused(copy)
    assert f"{name}, row 2, column “事業年度”" in message
    assert "2023" in message


def test_a_zip_bomb_is_not_unpacked(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    _replace(copy, "2-1", b"0" * 50_000_000)
    assert "far more than a table holds" in _refused(copy)


def test_every_bad_cell_of_a_table_is_listed_with_row_and_column(
    folder: Path, tmp_path: Path
) -> None:
    copy = _copy(folder, tmp_path / "rs")
    rows = [
        _it(予算年度="2023", 会計区分="一般会計", 会計="一般会計", 当初予算="千円"),
        _it(予算年度="令和5", 会計区分="一般会計", 会計="一般会計"),
        _it(予算年度="2023", 会計区分="一般会計", 会計="一般会計", 執行額="1.5"),
    ]
    _replace(copy, "2-1", _table("2-1", *rows))
    message = _refused(copy)
    assert "row 2, column “当初予算”: “千円” is no number" in message
    assert "row 3, column “予算年度”" in message
    assert "row 4, column “執行額”: “1.5” is no whole amount" in message


def test_figures_out_of_range_are_refused_before_the_database(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    rows = [
        _it(予算年度="1950", 会計区分="一般会計", 会計="一般会計"),
        _it(予算年度="2023", 会計区分="一般会計", 会計="一般会計", 執行額="-1"),
    ]
    _replace(copy, "2-1", _table("2-1", *rows))
    message = _refused(copy)
    assert "row 2, column “予算年度”: “1950” is no fiscal year" in message
    assert "row 3" in message
    assert "cannot be negative" in message
    contract = _it(**{rs_columns.VENDOR: "甲" * 400, rs_columns.AWARD: "123456"})
    copy = _copy(folder, tmp_path / "contracts")
    _replace(copy, "5-4", _table("5-4", contract))
    assert "cannot exceed 100" in _refused(copy)
    contract[rs_columns.AWARD] = "99"
    _replace(copy, "5-4", _table("5-4", contract))
    message = _refused(copy)
    assert "for “vendor”" in message
    assert "at most 300 characters" in message


def test_a_row_with_too_few_cells(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    _replace(copy, "2-1", _table("2-1") + b"a,b,c\r\n")
    assert "row 2: The row has 3 cells" in _refused(copy)


def test_two_tables_in_one_archive(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.zip"
    with zipfile.ZipFile(path, "w") as pack:
        pack.writestr("a.csv", "a")
        pack.writestr("b.csv", "b")
    with pytest.raises(ImportRejected, match="exactly one table"):
        list(archive.read_table(path, ("a",)))


def test_an_unknown_owner_stops_the_import_and_leaves_nothing(folder: Path, tmp_path: Path) -> None:
    copy = _copy(folder, tmp_path / "rs")
    (path,) = copy.glob("1-1_*.zip")
    with zipfile.ZipFile(path) as pack:
        text = pack.read(pack.namelist()[0]).decode("utf-8-sig")
    _replace(copy, "1-1", text.replace("国税庁", "未知庁").encode("utf-8-sig"))
    assert "未知庁" in _refused(copy)
    assert not Agency.objects.exists()


def test_what_people_changed_since_the_last_import_is_kept(folder: Path, now: Any) -> None:
    _run(folder)
    home = Agency.objects.get(code="mic")
    system = System.objects.filter(agency__code="unstated").first()
    assert system is not None
    kind = KINDS["systems"]
    register.edit(act(None, now), kind, system.pk, {"agency": home}, version=system.version)
    text = _run(folder)
    system.refresh_from_db()
    assert system.agency == home
    assert "changed by people since; kept: 1" in text


def test_a_running_year_is_not_executed_and_amounts_in_other_forms_are_told(folder: Path) -> None:
    text = _run(folder)
    running = YearRollup.objects.filter(fiscal_year=2024)
    assert not running.filter(operation__isnull=False).exists()
    assert "a year that was still running" in text
    assert "Sheet 20453: 1 amounts of the remark follow no known form" in text


def test_the_report_is_kept_with_the_run(folder: Path) -> None:
    _run(folder)
    run: Any = ImportRun.objects.get(kind="rs2024")
    assert len(run.files) == 6
    assert all(len(file["sha256"]) == 64 for file in run.files)
    assert run.report["rows_read"]["2-1"] == 37_981
    assert json.dumps(run.report)
    line = CostLine.objects.filter(stage=Stage.EXECUTED).first()
    assert line is not None
    assert line.import_run == run


def test_parsing_is_pure(folder: Path) -> None:
    portfolio = rs.parse(folder)
    assert len(portfolio.sheets) == 210
    assert not System.objects.exists()
