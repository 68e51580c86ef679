"""What people and machines send by mistake or on purpose: told, never trusted, nothing written."""

import io
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.fields.bounds import YEN_MAX
from governance.models import AuditEvent, User
from projects.imports import sheets
from projects.imports.sheets import opening
from projects.models import CostLine, System
from tests import factories
from tests.conftest import World
from tests.projects.imports.test_sheets import ON, at, made, put, read, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def book(world: World, pmo: User) -> dict[str, list[list[Any]]]:
    factories.CostLineFactory.create(system=world.system)
    return read(sheets.template(pmo, on=ON, language="en"))


def refused(content: bytes, user: User, name: str = "a.xlsx", kind: str = "") -> list[str]:
    """The errors of a file of which nothing may come in."""
    events, systems = AuditEvent.objects.count(), list(System.objects.values())
    checked = sheets.check(content, file_name=name, kind=kind, user=user, on=ON)
    assert checked.errors
    assert (AuditEvent.objects.count(), list(System.objects.values())) == (events, systems)
    return told(checked)


def edited(content: bytes, member: str, change: Callable[[bytes], bytes]) -> bytes:
    """A zip archive with one member changed, or added."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        names = [info.filename for info in source.infolist()]
        for name in names:
            data = source.read(name)
            out.writestr(name, change(data) if name == member else data)
        if member not in names:
            out.writestr(member, change(b""))
    return target.getvalue()


def test_a_renamed_sheet_is_named(book: Any, pmo: User) -> None:
    book["Costs 2025"] = book.pop("Cost lines")
    assert any("Costs 2025: This sheet is not known" in text for text in refused(made(book), pmo))


def test_a_file_without_any_known_sheet(pmo: User) -> None:
    texts = refused(made({"Sheet1": [["a"], ["b"]]}), pmo)
    assert any("None of the sheets" in text for text in texts)


def test_a_missing_sheet_leaves_its_records_alone(book: Any, pmo: User) -> None:
    del book["Cost lines"]
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert (told(checked), checked.changes) == ([], [])
    assert CostLine.objects.count() == 1


def test_missing_unknown_and_repeated_columns(book: Any, pmo: User) -> None:
    rows = book["Systems"]
    place = at(rows, "name")
    for row in rows:
        del row[place]
    assert refused(made(book), pmo) == ["Systems / 1 / Name: This column is missing."]
    rows[0].append("謎の列")
    rows[1].append("")
    labels_alone = {"Systems": [rows[0], *rows[2:]]}
    texts = refused(made(labels_alone), pmo)
    assert "Systems / 1 / 謎の列: This column is not known." in texts


def test_shifted_headings(book: Any, pmo: User) -> None:
    rows = book["Systems"]
    rows[0][2:4] = reversed(rows[0][2:4])
    assert all("heading of this column was moved" in text for text in refused(made(book), pmo))


def test_columns_may_stand_in_any_order_and_without_the_hidden_row(book: Any, pmo: User) -> None:
    rows = book["Systems"]
    turned = [list(reversed(row)) for row in rows]
    checked = sheets.check(made({"Systems": turned}), file_name="a.xlsx", user=pmo, on=ON)
    assert (told(checked), checked.unchanged) == ([], 2)
    labels_alone = [rows[0], *rows[2:]]
    checked = sheets.check(made({"Systems": labels_alone}), file_name="a.xlsx", user=pmo, on=ON)
    assert (told(checked), checked.unchanged) == ([], 2)


def test_formulas_merged_cells_and_broken_values(book: Any, pmo: User) -> None:
    def change(_out: Any, pages: Any) -> None:
        pages["Systems"].write_formula("C3", '="a"&"b"', None, "ab")
        pages["Systems"].merge_range("D5:E6", "zusammen")
        pages["Systems"].write_formula("C4", "=1/0", None, "#DIV/0!")

    texts = refused(made(book, change), pmo)
    assert "Systems / 3 / C3: This cell holds a formula: copy it and paste its value." in texts
    assert any("D5:E6: These cells are merged" in text for text in texts)
    assert any("/ C4: This cell" in text for text in texts)


def test_macros(book: Any, pmo: User) -> None:
    content = made(book)
    with_macros = edited(content, "xl/vbaProject.bin", lambda _b: b"\x00")
    assert "macros" in refused(with_macros, pmo)[0]
    assert "without macros" in refused(content, pmo, name="a.xlsm")[0]


def test_a_password(pmo: User) -> None:
    assert "password" in refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, pmo)[0]


def test_a_zip_bomb(book: Any, pmo: User) -> None:
    bomb = edited(made(book), "xl/media/x.xml", lambda _b: b"\0" * (40 * 1024 * 1024))
    assert len(bomb) < 100_000
    assert "unpacks to far more" in refused(bomb, pmo)[0]


def test_a_million_rows(book: Any, pmo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row = b'<row r="%d"><c r="A%d"><v>1</v></c></row>'

    def grow(data: bytes) -> bytes:
        rows = b"".join(row % (n, n) for n in range(100, 1_000_100))
        return data.replace(b"</sheetData>", rows + b"</sheetData>")

    big = edited(made(book), "xl/worksheets/sheet2.xml", grow)
    texts = refused(big, pmo)
    assert "at most 100,000 rows" in texts[0]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "a.xlsx"),
        (b"PK\x03\x04 broken", "a.xlsx"),
        (b"hello", "a.xlsx"),
        (b"\xff\xfe\x00\x81", "a.csv"),
        (b"a\x00b,c\n", "a.csv"),
    ],
)
def test_what_is_no_table_at_all(content: bytes, name: str, pmo: User) -> None:
    assert refused(content, pmo, name, "systems" if name.endswith("csv") else "")


def test_a_damaged_member(book: Any, pmo: User) -> None:
    content = made(book)
    for member in ("xl/workbook.xml", "xl/worksheets/sheet2.xml"):
        assert refused(edited(content, member, lambda b: b[: len(b) // 2]), pmo)


def test_a_file_that_is_too_large(pmo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_BYTES", 10)
    assert "larger than" in refused(b"PK" + b"0" * 20, pmo)[0]


def test_a_csv_file_must_say_what_it_holds(pmo: User) -> None:
    assert "Say what the CSV file holds" in refused(b"a,b\n", pmo, "a.csv")[0]


def test_csv_as_japanese_excel_saves_it(world: World, pmo: User) -> None:
    text = sheets.template_csv("systems", pmo).decode("utf-8-sig").replace("内務台帳", "内務新台帳")
    checked = sheets.check(text.encode("cp932"), file_name="a.csv", kind="systems", user=pmo, on=ON)
    assert told(checked) == []
    assert [c.fields for c in checked.changes] == [[("Name", "内務台帳", "内務新台帳")]]


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(lambda t: t.encode()))
def test_no_bytes_bring_it_down(data: bytes, pmo: User) -> None:
    for name, kind in (("a.xlsx", ""), ("a.csv", "cost-lines")):
        checked = sheets.check(data, file_name=name, kind=kind, user=pmo, on=ON)
        assert checked.errors
        assert checked.rows == []


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    amount=st.integers(min_value=0, max_value=YEN_MAX),
    unit=st.sampled_from(["plain", "grouped", "full-width", "number"]),
)
def test_an_amount_comes_in_exactly(amount: int, unit: str, book: Any, pmo: User) -> None:
    rows = [list(row) for row in book["Cost lines"]]
    texts: dict[str, Any] = {
        "plain": str(amount),
        "grouped": f"{amount:,}円",
        "full-width": str(amount).translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        "number": amount if amount < 10**15 else str(amount),
    }
    put(rows, 5, system="HOME-1", budget_year=2030, sheet_year=2026,
        cost_item="item-operation", stage="initial", amount=texts[unit])  # fmt: skip
    checked = sheets.check(made({"Cost lines": rows}), file_name="a.xlsx", user=pmo, on=ON)
    assert told(checked) == []
    assert [row.values["amount"] for row in checked.rows] == [amount]


@pytest.mark.parametrize(
    "given", ["令和7年4月1日", "R7.4.1", "２０２５／４／１", "2025-04-01", date(2025, 4, 1)]
)
def test_days_as_offices_write_them(given: Any, book: Any, pmo: User) -> None:
    put(book["Systems"], 3, support_ends_on=given)
    checked = sheets.check(made(book), file_name="a.xlsx", user=pmo, on=ON)
    assert told(checked) == []
    assert checked.rows[0].values["support_ends_on"] == date(2025, 4, 1)
