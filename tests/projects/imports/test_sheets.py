"""The Excel round trip: what goes out comes back unchanged, and what was edited comes in."""

import io
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from django.utils import translation
from python_calamine import CalamineWorkbook

from governance import audit
from governance.access import Role
from governance.exceptions import DomainError
from governance.models import AuditEvent, AuditSeal, User
from projects.imports import sheets
from projects.imports.sheets import committing
from projects.models import (
    CostLine,
    ImportRun,
    Kpi,
    KpiValue,
    Project,
    RiskFlag,
    System,
    YearRollup,
)
from projects.models.choices import Stage, ValueState
from projects.services import flags
from tests import factories
from tests.conftest import World, act
from tests.trail import untold

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 24)
Book = dict[str, list[list[Any]]]


def read(content: bytes) -> Book:
    """A workbook as lists of rows, by sheet."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {
        name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in book.sheet_names
    }


def made(
    book: Mapping[str, list[list[Any]]], change: Callable[[Any, Any], None] | None = None
) -> bytes:
    """A workbook of these rows, as somebody else's Excel would write it."""
    target = io.BytesIO()
    out = xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False})
    day = out.add_format({"num_format": "yyyy-mm-dd"})
    pages = {}
    for name, rows in book.items():
        page = pages[name] = out.add_worksheet(name)
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    page.write_datetime(number, column, value, day)
                elif isinstance(value, str) and value:
                    page.write_string(number, column, value)
                elif value not in ("", None):
                    page.write(number, column, value)
    if change is not None:
        change(out, pages)
    out.close()
    return target.getvalue()


def at(rows: list[list[Any]], column: str) -> int:
    """The place of a column by its hidden name."""
    return int(rows[1].index(column))


def put(rows: list[list[Any]], row: int, **values: Any) -> None:
    """Set cells of the row with this Excel number; rows are added as needed."""
    while len(rows) < row:
        rows.append([""] * len(rows[1]))
    for name, value in values.items():
        rows[row - 1][at(rows, name.replace("number", "#"))] = value


def told(checked: sheets.Checked) -> list[str]:
    return [str(error) for error in checked.errors]


@pytest.fixture
def filled(world: World) -> World:
    """Something of everything, with what is awkward to carry through Excel."""
    service = factories.ServiceFactory.create(
        service_id="V-1", agency=world.home, systems=[world.system], name="=1+1 手続"
    )
    assert service.pk
    System.objects.filter(pk=world.system.pk).update(
        name="+内務,台帳", description="一行目\n二行目", go_live_on=date(2020, 4, 1), rto_hours=4
    )
    factories.CostLineFactory.create(system=world.system, amount=12_345_678_901, note="'=x")
    factories.CostLineFactory.create(
        system=world.system,
        stage=Stage.SUPPLEMENTARY,
        amount=-5_000,
        account="一般会計",
    )
    factories.CostLineFactory.create(
        system=world.system,
        stage=Stage.INITIAL,
        amount=None,
        amount_state=ValueState.WITHHELD,
    )
    factories.CostLineFactory.create(system=None, project=world.project, budget_year=2023)
    factories.ContractFactory.create(
        contract_id="C-1", agency=world.home, system=world.system, award_ratio=Decimal("0.9731"),
        award_ratio_state=ValueState.REPORTED,
    )  # fmt: skip
    kpi = factories.KpiFactory.create(code="K-1", system=world.system, unit="分")
    factories.KpiValueFactory.create(
        kpi=kpi, fiscal_year=2024, target=Decimal("12.125"), target_state="reported"
    )
    factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2027)
    return world


@pytest.mark.parametrize("language", ["ja", "en"])
def test_an_untouched_workbook_changes_nothing(
    filled: World, pmo: User, now: datetime, language: str
) -> None:
    content = sheets.template(pmo, on=ON, language=language)
    with translation.override("en"):  # Whoever sends it may read another language.
        checked = sheets.check(content, file_name="台帳.xlsx", user=pmo, on=ON)
    assert told(checked) == []
    assert checked.changes == []
    assert checked.unchanged == checked.read == 12
    events = AuditEvent.objects.count()
    assert System.objects.get(pk=filled.system.pk).name == "+内務,台帳"
    assert AuditEvent.objects.count() == events


@pytest.mark.parametrize("slug", [sheet.slug for sheet in sheets.SHEETS])
def test_an_untouched_csv_changes_nothing(filled: World, pmo: User, slug: str) -> None:
    content = sheets.template_csv(slug, pmo)
    checked = sheets.check(content, file_name="x.csv", kind=slug, user=pmo, on=ON)
    assert told(checked) == []
    assert (checked.changes, checked.unchanged > 0) == ([], True)


def test_the_workbook_holds_what_its_reader_may_see(filled: World, pmo: User, pjmo: User) -> None:
    def ids(user: User) -> set[str]:
        rows = read(sheets.template(user, on=ON, language="en"))["Systems"][2:]
        return {str(row[0]) for row in rows}

    assert ids(pmo) == {"HOME-1", "SUB-1"}
    assert ids(pjmo) == {"HOME-1"}


def test_a_word_changed_by_a_file_ends_no_judgement(
    filled: World, pmo: User, now: datetime
) -> None:
    """Seen: a project of which a workbook changed one word counted as "brought by a file", of whose
    reports nobody knows: late reports and missing roles turned unknown."""
    project = filled.project
    Project.objects.filter(pk=project.pk).update(phase="building", started_on=date(2026, 4, 1))
    on = date(2026, 11, 24)
    flags.recompute_for(act(None, now), as_of=on, project_ids=[project.pk])
    standing = RiskFlag.objects.filter(project=project, closed_on=None).order_by("rule_id")
    before = set(standing.values_list("rule_id", "severity"))
    assert ("late_report", "high") in before
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Projects"], 3, purpose="言い換え")
    sheets.commit(act(pmo, now), sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON))
    project.refresh_from_db()
    assert (project.purpose, project.import_run) == ("言い換え", None)
    flags.recompute_for(act(None, now), as_of=on, project_ids=[project.pk])
    assert set(before) <= set(standing.values_list("rule_id", "severity"))
    # What the workbook itself brings is the ministry's word, as in a form.
    run = ImportRun.objects.create(kind=ImportRun.WORKBOOK, started_at=now)
    Project.objects.filter(pk=project.pk).update(import_run=run)
    flags.recompute_for(act(None, now), as_of=on, project_ids=[project.pk])
    assert set(before) <= set(standing.values_list("rule_id", "severity"))


def test_what_was_edited_comes_in(filled: World, pmo: User, now: datetime) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Systems"], 3, name="新台帳", support_ends_on="令和7年4月1日", hosting="Public cloud")
    put(
        book["Cost lines"], 20, system="HOME-1", budget_year="令和7年度", sheet_year="Ｒ７",
        cost_item="item-operation", stage="当初予算", amount="１２百万円",
    )  # fmt: skip
    put(book["Systems"], 20, system_id="HOME-9", name="追加", agency="home",
        system_class="processing", status="operating")  # fmt: skip
    put(book["Cost lines"], 21, system="HOME-9", budget_year=2025, sheet_year=2025,
        cost_item="item-operation", stage="initial", amount=5000.0)  # fmt: skip
    # "initial budget (当初予算)" is the word of the list; the code is understood too.
    book["Cost lines"][19][at(book["Cost lines"], "stage")] = "initial"
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert told(checked) == []
    changes = {(c.verb, c.key): c for c in checked.changes}
    edit = changes["edit", "HOME-1"]
    assert ("Name", "+内務,台帳", "新台帳") in edit.fields
    assert ("End of support", "–", "2025-04-01") in edit.fields
    assert ("create", "HOME-9") in changes
    assert (checked.created, checked.edited) == (3, 1)
    assert not System.objects.filter(system_id="HOME-9").exists()

    run = sheets.commit(act(pmo, now), checked)
    system = System.objects.get(system_id="HOME-1")
    assert (system.name, system.support_ends_on, system.version) == ("新台帳", date(2025, 4, 1), 2)
    assert (system.updated_by, system.import_run) == (pmo, None), "one word of it is not the record"
    line = CostLine.objects.get(system=system, budget_year=2025)
    assert (line.amount, line.amount_state) == (12_000_000, ValueState.REPORTED)
    new = System.objects.get(system_id="HOME-9")
    assert YearRollup.objects.get(system=new, fiscal_year=2025).initial == 5000
    verbs = set(AuditEvent.objects.values_list("verb", flat=True))
    assert {"system.edited", "system.created", "costline.created", "workbook.imported"} <= verbs
    event = AuditEvent.objects.get(verb="workbook.imported")
    assert event.after is not None
    assert event.after["sha256"] == checked.digest == run.files[0]["sha256"]
    assert list(audit.verify()) == []


@pytest.mark.parametrize("told_one_by_one", [0, 200])
def test_what_a_workbook_writes_is_told_row_by_row_or_sealed(
    filled: World, pmo: User, now: datetime, monkeypatch: pytest.MonkeyPatch, told_one_by_one: int
) -> None:
    monkeypatch.setattr(committing, "TOLD_ONE_BY_ONE", told_one_by_one)
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Systems"], 3, name="新台帳")
    put(book["Cost lines"], 20, system="HOME-1", budget_year=2025, sheet_year=2025,
        cost_item="item-operation", stage="initial", amount=1)  # fmt: skip
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert checked.changes
    sheets.commit(act(pmo, now), checked)
    assert untold() == []
    line = CostLine.objects.get(amount=1)
    asked = {"object_type": "costline", "object_key": str(line.pk)}
    assert AuditSeal.objects.filter(**asked).exists() is (told_one_by_one == 0)
    assert AuditEvent.objects.filter(**asked).exists() is (told_one_by_one > 0)
    CostLine.objects.filter(pk=line.pk).update(amount=2)
    assert untold() == [f"costline {line.pk}: row altered"]


def test_a_file_sent_twice_makes_nothing_twice(filled: World, pmo: User, now: datetime) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Cost lines"], 20, system="HOME-1", budget_year=2025, sheet_year=2025,
        cost_item="item-operation", stage="initial", amount=1)  # fmt: skip
    content = made(book)
    sheets.commit(act(pmo, now), sheets.check(content, file_name="a.xlsx", user=pmo, on=ON))
    again = sheets.check(content, file_name="a.xlsx", user=pmo, on=ON)
    assert (told(again), again.changes) == ([], [])


def test_a_record_that_somebody_changed_is_told(filled: World, pmo: User, now: datetime) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Systems"], 3, name="私の名")
    System.objects.filter(system_id="HOME-1").update(version=2, name="他の名")
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert [e.column for e in checked.errors] == ["Version (do not change)"]
    assert "after the file was made" in told(checked)[0]


def test_a_change_after_the_check_stops_the_whole_file(
    filled: World, pmo: User, now: datetime
) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Systems"], 3, name="私の名")
    put(book["Projects"], 3, name="別の名")
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    System.objects.filter(system_id="HOME-1").update(version=2)
    with pytest.raises(DomainError, match="HOME-1"):
        sheets.commit(act(pmo, now), checked)
    assert Project.objects.get(code="HOME-P1").name == "内務更改"
    assert not ImportRun.objects.exists()


def test_a_progress_that_raises_leaves_nothing(filled: World, pmo: User, now: datetime) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Systems"], 3, name="私の名")
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sheets.commit(act(pmo, now), checked, progress=stop)
    assert System.objects.get(system_id="HOME-1").name == "+内務,台帳"
    assert not AuditEvent.objects.filter(verb="workbook.imported").exists()


# Rights ---------------------------------------------------------------------------------------------------


def test_rows_of_another_agency_are_refused(filled: World, pmo: User, other_pmo: User) -> None:
    book = read(sheets.template(other_pmo, on=ON, language="en"))
    put(book["Systems"], 3, name="横取り")
    put(book["Cost lines"], 3, system="OTHER-1", budget_year=2025, sheet_year=2025,
        cost_item="item-operation", stage="initial", amount=1)  # fmt: skip
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert all("not open to you" in text for text in told(checked))
    assert {e.sheet for e in checked.errors} >= {"Systems", "Cost lines"}
    assert checked.rows == []


def test_execution_is_filed_by_accounting_alone(filled: World, pmo: User) -> None:
    clerk = factories.UserFactory.create(username="clerk")
    factories.MembershipFactory.create(user=clerk, role=Role.ACCOUNTING, agency=filled.home)
    book = read(sheets.template(pmo, on=ON, language="en"))
    lines = book["Cost lines"]
    executed = next(r for r in lines[2:] if str(r[at(lines, "stage")]).startswith("executed"))
    executed[at(lines, "amount")] = 7
    content = made({"Cost lines": lines})
    checked = sheets.check(content, file_name="a.xlsx", user=pmo, on=ON)
    assert told(checked)
    assert "outside of what your role may write" in told(checked)[0]
    assert told(sheets.check(content, file_name="a.xlsx", user=clerk, on=ON)) == []


def test_a_pjmo_registers_no_system(filled: World, pjmo: User) -> None:
    book = read(sheets.template(pjmo, on=ON, language="en"))
    put(book["Systems"], 9, system_id="HOME-9", name="追加", agency="home",
        system_class="processing", status="operating")  # fmt: skip
    checked = sheets.check(made(book), file_name="a.xlsx", user=pjmo, on=ON)
    assert [(e.sheet, e.row) for e in checked.errors] == [("Systems", 9)]


def test_a_locked_target_stays(filled: World, pmo: User) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    rows = book["KPI values"]
    locked = next(r for r in rows[2:] if r[at(rows, "fiscal_year")] == 2024)
    locked[at(rows, "target")] = 1
    later = next(r for r in rows[2:] if r[at(rows, "fiscal_year")] == 2027)
    later[at(rows, "target")] = 2.5
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert ["locked since its year began" in text for text in told(checked)] == [True]
    assert [c.fields[0][2] for c in checked.changes] == ["1.000", "2.500"]


def test_links_that_the_reader_does_not_see_stay_and_cannot_be_made(
    filled: World, pmo: User, now: datetime
) -> None:
    service = filled.system.services.get()
    service.systems.add(filled.other_system)
    contract = factories.ContractFactory.create(
        contract_id="C-9", agency=filled.home, system=filled.other_system
    )
    content = sheets.template(pmo, on=ON, language="en")
    untouched = sheets.check(content, file_name="a.xlsx", user=pmo, on=ON)
    assert (told(untouched), untouched.changes) == ([], [])
    book = read(content)
    services = book["Services"]
    assert services[2][at(services, "systems")] == "HOME-1"
    put(services, 3, systems="", name="改名")
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert told(checked) == []
    sheets.commit(act(pmo, now), checked)
    assert list(service.systems.all()) == [filled.other_system]
    contracts = book["Contracts"]
    other = next(r for r in contracts[2:] if r[0] == "C-1")
    other[at(contracts, "system")] = "OTHER-1"
    refused = sheets.check(made({"Contracts": contracts}), file_name="a.xlsx", user=pmo, on=ON)
    assert ["not open to you" in text for text in told(refused)] == [True]
    assert contract.pk


# Bad cells ------------------------------------------------------------------------------------------------


def test_every_error_of_every_row_is_told_at_once(filled: World, pmo: User, now: datetime) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    lines = book["Cost lines"]
    good = {"system": "HOME-1", "budget_year": 2025, "sheet_year": 2025,
            "cost_item": "item-operation", "stage": "initial", "amount": 1}  # fmt: skip
    put(lines, 10, **{**good, "amount": "たくさん"})
    put(lines, 11, **{**good, "amount": 1.5})
    put(lines, 12, **{**good, "budget_year": "1850"})
    put(lines, 13, **{**good, "stage": "謎"})
    put(lines, 14, **{**good, "system": "NO-1"})
    put(lines, 15, **{**good, "amount": -1})
    put(lines, 16, **{**good, "project": "HOME-P1"})
    put(lines, 17, **{**good, "cost_item": ""})
    put(lines, 18, **{**good, "budget_year": 2026})
    put(lines, 19, **{**good, "budget_year": 2026})
    put(lines, 20, number=lines[2][at(lines, "#")], **good)
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    by_row = {e.row: e for e in checked.errors}
    assert sorted(row or 0 for row in by_row) == [10, 11, 12, 13, 14, 15, 16, 17, 19, 20]
    assert by_row[10].column == "Amount (yen)"
    assert "is not a number" in by_row[10].message
    assert "whole number" in by_row[11].message
    assert "none of: requested" in by_row[13].message
    assert "NO-1" in by_row[14].message
    assert by_row[15].message.startswith("Only supplements")
    assert "exactly one" in by_row[16].message
    assert by_row[17].message == "This cell must be filled."
    assert "exists already" in by_row[19].message
    assert "stands in row" in by_row[20].message
    with pytest.raises(DomainError):
        sheets.commit(act(pmo, now), checked)


def test_a_taken_id_is_told_though_its_record_is_unseen(filled: World, pmo: User) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["Systems"], 9, system_id="OTHER-1", name="追加", agency="home",
        system_class="processing", status="operating")  # fmt: skip
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    (error,) = checked.errors
    assert "This ID cannot be used" in error.message  # As of any ID that cannot: no oracle.


def test_the_operator_of_the_machine_writes_without_an_account(
    filled: World, now: datetime
) -> None:
    book = read(sheets.template(None, on=ON, language="ja"))
    put(book["情報システム"] if "情報システム" in book else book["システム"], 3, name="改名")
    checked = sheets.check(made(book), file_name="a.xlsx", user=None, on=ON)
    assert told(checked) == []
    sheets.commit(act(None, now), checked)
    assert System.objects.filter(name="改名").count() == 1


def test_new_goals_and_values_come_in_together(filled: World, pmo: User, now: datetime) -> None:
    book = read(sheets.template(pmo, on=ON, language="en"))
    put(book["KPIs"], 9, code="K-9", system="HOME-1", kind="outcome", title="待ち時間")
    put(book["KPI values"], 9, kpi="K-9", fiscal_year=2027, method_version=1, target="0.125")
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert told(checked) == []
    sheets.commit(act(pmo, now), checked)
    assert KpiValue.objects.get(kpi=Kpi.objects.get(code="K-9")).target == Decimal("0.125")
