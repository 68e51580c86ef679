"""The survey of procedures: real case counts, real use rates, and every way to refuse a file."""

from io import StringIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.utils import timezone

from governance.audit import Act, sealing
from governance.models import AuditEvent
from projects.imports import procedures
from projects.imports.system_names import by_key, matches, name_key
from projects.models import ImportRun, Service, ServiceRollup, ServiceYear, System, YearRollup
from projects.services import rollups
from tests import factories
from tests.services import need_shared_data
from tests.trail import unsealed, untold

pytestmark = pytest.mark.django_db


@pytest.fixture
def survey() -> Path:
    return need_shared_data() / "procedures" / "procedures_2024.parquet"


def _run(path: Path) -> str:
    out = StringIO()
    call_command("import_procedures", str(path), stdout=out)
    return out.getvalue()


@pytest.mark.shared_data
def test_the_survey_gives_real_use_rates_per_system_and_for_all(survey: Path) -> None:
    e_tax = factories.SystemFactory.create(name="国税電子申告・納税システム（e-Tax）")
    e_gov = factories.SystemFactory.create(name="電子政府の総合窓口システム")
    text = _run(survey)
    assert Service.objects.count() == 75_071
    assert "55,336" in text, "a total of 0 may have been blank, so it is missing"
    assert ServiceYear.objects.filter(cases=0).count() == 0
    totals = ServiceRollup.objects.aggregate(Sum("cases"), Sum("online_cases"))
    # Online use of procedures that are online, FY2023: 83.3 %.
    assert round(totals["online_cases__sum"] / totals["cases__sum"], 3) == 0.833
    row = YearRollup.objects.get(system=e_tax, fiscal_year=2023)
    assert row.cases is not None
    assert row.online_cases is not None
    # 7,084 of 13,838 ten thousand cases name this system alone; a few name others beside it.
    assert row.cases >= 138_383_531
    assert 0.50 < row.online_cases / row.cases < 0.52
    assert YearRollup.objects.filter(system=e_gov, cases__gte=213_293_035).exists()
    assert list(rollups.differences()) == []
    before = (AuditEvent.objects.count(), ImportRun.objects.count())
    assert "Nothing changed" in _run(survey)
    assert (AuditEvent.objects.count(), ImportRun.objects.count()) == before


@pytest.mark.shared_data
def test_rows_with_more_online_cases_than_cases_are_told(survey: Path) -> None:
    found = procedures.parse(survey)
    assert len(found.warnings) == 4
    assert all("online left out" in warning for warning in found.warnings)


def test_names_are_the_same_without_the_abbreviation_and_never_by_chance() -> None:
    assert name_key("電子政府の総合窓口システム（ｅ－Ｇｏｖ）") == "電子政府の総合窓口システム"
    customs = "輸出入・港湾関連情報処理システム（ＮＡＣＣＳ）（税関）"
    plants = "輸出入・港湾関連情報処理システム（ＮＡＣＣＳ）（植物検疫関連業務）"
    systems = by_key({1: customs, 2: "官庁会計システム", 3: "共通基盤", 4: "共通基盤"})
    assert matches(customs, systems) == {1}
    assert matches(plants, systems) == set()
    assert matches("官庁会計システム; 電子メール等", systems) == {2}
    assert matches("共通基盤", systems) == set(), "two systems share the name"


# --- small files --------------------------------------------------------------------------------


def _row(number: str, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(procedures.COLUMNS)
    return row | {
        procedures.ID: number,
        procedures.NAME: f"手続{number}",
        procedures.OWNER: "財務省",
        procedures.ONLINE: "1 実施済",
        procedures.TOTAL: 10,
        procedures.ONLINE_CASES: 4,
        **more,
    }


def _file(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    path = tmp_path / "survey.parquet"
    pq.write_table(pa.Table.from_pylist(list(rows)), path)
    return path


def _refused(path: Path) -> str:
    with pytest.raises(CommandError) as refused:
        _run(path)
    assert not Service.objects.exists()
    assert not AuditEvent.objects.exists()
    return str(refused.value)


def test_a_small_survey_is_loaded_and_a_changed_row_updated(tmp_path: Path) -> None:
    system = factories.SystemFactory.create(name="申請システム")
    path = _file(tmp_path, _row("1", **{procedures.SYSTEM: "申請システム（SIN）"}))
    _run(path)
    service = Service.objects.get(service_id="P2024-1")
    assert service.agency.name == "財務省"
    assert list(service.systems.all()) == [system]
    _run(_file(tmp_path, _row("1", **{procedures.ONLINE_CASES: 9})))
    year = ServiceYear.objects.get(service=service)
    assert (year.online_cases, year.version) == (9, 2)
    assert untold() == []
    assert (unsealed("service"), unsealed("serviceyear"), unsealed("importrun")) == (0, 0, 0)


def test_a_system_that_arrives_later_is_linked_by_the_next_run(tmp_path: Path) -> None:
    path = _file(tmp_path, _row("1", **{procedures.SYSTEM: "後発システム"}))
    _run(path)
    system = factories.SystemFactory.create(name="後発システム")
    _run(path)
    assert YearRollup.objects.get(system=system, fiscal_year=2023).online_cases == 4


def test_a_missing_file_and_one_that_is_no_table(tmp_path: Path) -> None:
    assert "is missing" in _refused(tmp_path / "nowhere.parquet")
    path = tmp_path / "text.parquet"
    path.write_text("手続ID,所管府省庁")
    assert "no readable parquet table" in _refused(path)


def test_a_survey_of_another_year_is_named_as_such(tmp_path: Path) -> None:
    row = _row("1")
    del row["法令番号"]
    message = _refused(_file(tmp_path, row | {"新しい列": None}))
    assert "“法令番号”: This column is missing" in message
    assert "“新しい列”: This column is not known" in message
    wide = _refused(_file(tmp_path, row | {f"列{n}": None for n in range(8)}))
    assert "“法令番号”: This is the table of another year: it has 46 columns" in wide
    assert wide.count("\n") == 0, "one message, not a list of every column"
    narrow = _row("1")
    del narrow["手続主体"]
    message = _refused(_file(tmp_path, narrow))
    assert "not the survey of 2024, which has 39 columns, but 38" in message
    assert "“手続主体”: This column is missing" in message


def test_every_bad_row_is_listed(tmp_path: Path) -> None:
    message = _refused(
        _file(
            tmp_path,
            _row("1"),
            _row("1", **{procedures.TOTAL: -5}),
            _row("", **{procedures.ONLINE: "9 未定"}),
        )
    )
    assert "row 3, column “手続ID”: The id “1” stands twice" in message
    assert "row 3, column “総手続件数”: “-5” is no count" in message
    assert "row 4, column “手続ID”: This cell cannot be empty" in message
    assert "row 4, column “オンライン化の実施状況”: “9 未定” is not known here" in message


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (procedures.ID, "1" * 35, "longer than 34 characters"),
        (procedures.NAME, "名" * 501, "longer than 500 characters"),
        (procedures.SYSTEM, "系" * 501, "longer than 500 characters"),
        (procedures.NAME, "手続\x00", "null character"),
        (procedures.TOTAL, 1e300, "is no count"),
        (procedures.TOTAL, 1.5, "is no count"),
        (procedures.TOTAL, "十", "is no count"),
    ],
)
def test_what_the_register_cannot_hold_is_refused_not_cut(
    tmp_path: Path, column: str, value: object, message: str
) -> None:
    refusal = _refused(_file(tmp_path, _row("1", **{column: value})))
    assert f"row 2, column “{column}”" in refusal
    assert message in refusal


def test_texts_of_just_the_length_that_fits_are_kept_whole(tmp_path: Path) -> None:
    _run(_file(tmp_path, _row("1" * 34, **{procedures.NAME: "名" * 500})))
    assert Service.objects.get().name == "名" * 500


def test_a_damaged_file_a_truncated_one_and_a_folder(tmp_path: Path) -> None:
    whole = _file(tmp_path, *(_row(str(n)) for n in range(2000))).read_bytes()
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(whole[:8] + bytes(byte ^ 0x5A for byte in whole[8:400]) + whole[400:])
    assert "no readable parquet table" in _refused(damaged)
    damaged.write_bytes(whole[: len(whole) // 2])
    assert "no readable parquet table" in _refused(damaged)
    assert "is missing" in _refused(tmp_path)


def test_text_that_is_not_utf_8_a_column_twice_and_no_row(tmp_path: Path) -> None:
    path = tmp_path / "survey.parquet"
    table = pq.read_table(_file(tmp_path, _row("1")))
    place = table.column_names.index(procedures.NAME)
    offsets = pa.array([0, 2], pa.int32()).buffers()[1]
    raw = pa.StringArray.from_buffers(1, offsets, pa.py_buffer(b"\xff\xfe"))
    pq.write_table(table.set_column(place, procedures.NAME, raw), path)
    assert "no readable parquet table" in _refused(path)
    twice = pa.table([*table.columns, table.column(0)], names=[*table.column_names, procedures.ID])
    pq.write_table(twice, path)
    assert "“手続ID”: This column stands twice" in _refused(path)
    pq.write_table(table.slice(0, 0), path)
    assert "The table is empty" in _refused(path)


def test_a_corrected_name_drops_its_link_and_leaves_those_made_by_hand(tmp_path: Path) -> None:
    old, new, by_hand = (factories.SystemFactory.create(name=name) for name in ("旧", "新", "手"))
    _run(_file(tmp_path, _row("1", **{procedures.SYSTEM: "旧; 無登録"})))
    service = Service.objects.get()
    service.systems.add(by_hand)
    sealing.seal_register(Act(None, timezone.now(), reason="by hand"))
    assert YearRollup.objects.filter(system=old).exists()
    text = _run(_file(tmp_path, _row("1", **{procedures.SYSTEM: "新; 無登録"})))
    assert set(service.systems.all()) == {new, by_hand}
    assert not YearRollup.objects.filter(system=old).exists()
    assert "names of systems that no system of the register has: 1" in text
    assert untold() == []


def test_other_names_of_one_system_and_of_none() -> None:
    portal = by_key({1: "サービス検索・電子申請機能等システム"})
    for name in (
        "マイナポータル",
        "サービス検索・電子申請機能等システム(マイナポータル)",
        "マイナポータル（ぴったりサービス）",
    ):
        assert matches(name, portal) == {1}
    customs = by_key({1: "輸出入・港湾関連情報処理システム（ＮＡＣＣＳ）（税関）"})
    assert matches("NACCS", customs) == set(), "several parts of it exist: which is not said"


def test_an_owner_that_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    text = _run(_file(tmp_path, _row("1", **{procedures.OWNER: "架空省"})))
    assert Service.objects.get().agency.code == "unstated"
    assert "架空省" in text


def test_linking_counts_real_systems_only(tmp_path: Path) -> None:
    _run(_file(tmp_path, _row("1", **{procedures.SYSTEM: "電子メール等"})))
    assert not System.objects.filter(services__isnull=False).exists()
