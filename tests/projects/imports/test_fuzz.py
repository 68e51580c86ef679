"""Workbooks bent at random: the process lives, nothing is half written, each refusal has a place or
speaks of the file as a whole."""

import io
import zipfile
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.models import AuditEvent, User
from projects.imports import sheets
from projects.models import CostLine, System
from tests import factories
from tests.conftest import World
from tests.projects.imports.test_sheets import ON, made, read

pytestmark = pytest.mark.django_db

BENT = settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SCRAPS = st.sampled_from(
    [
        b"<c r='A1'/>",
        b"<row>",
        b"</row>",
        b'<c r="XFD1"><v>1</v></c>',
        b'<c r="A1" t="s"><v>99999999</v></c>',
        b'<c t="inlineStr"><is><t>\xe2\x80\xae</t></is></c>',
        b"<v>NaN</v>",
        b"<v>1e999</v>",
        b"<f/>",
        b"<![CDATA[",
        b"<!DOCTYPE a>",
        b"&#0;",
        b"&a;",
        b"\x00",
        b"\xff\xfe",
        b"]]>",
        b'" t="e',
        b'" t="d',
        b' r="A0"',
        b' r="-1"',
    ]
)


@pytest.fixture
def book(world: World, pmo: User) -> bytes:
    factories.CostLineFactory.create(system=world.system)
    return made(read(sheets.template(pmo, on=ON, language="en")))


def state() -> tuple[Any, ...]:
    return (
        AuditEvent.objects.count(),
        list(System.objects.order_by("pk").values()),
        list(CostLine.objects.order_by("pk").values()),
    )


def judged(content: bytes, user: User) -> None:
    before = state()
    checked = sheets.check(content, file_name="a.xlsx", user=user, on=ON)
    for error in checked.errors:
        assert error.message
    if any(error.sheet or error.row for error in checked.errors):
        assert all(error.sheet for error in checked.errors)
    for row in checked.rows:  # What would be written is what may be written.
        for name, value in row.values.items():
            if value not in (None, ""):
                row.sheet.kind.field(name).run_validators(getattr(value, "pk", value))
    assert state() == before


@BENT
@given(data=st.data())
def test_a_member_bent_at_random(data: st.DataObject, book: bytes, pmo: User) -> None:
    source = zipfile.ZipFile(io.BytesIO(book))
    names = [name for name in source.namelist() if name.endswith((".xml", ".rels"))]
    member = data.draw(st.sampled_from(names))
    content = source.read(member)
    for _change in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        cut = data.draw(st.integers(0, 40))
        content = content[:at] + data.draw(SCRAPS | st.binary(max_size=6)) + content[at + cut :]
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for name in source.namelist():
            out.writestr(name, content if name == member else source.read(name))
    judged(target.getvalue(), pmo)


@BENT
@given(data=st.data())
def test_an_archive_bent_at_random(data: st.DataObject, book: bytes, pmo: User) -> None:
    content = bytearray(book)
    for _change in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.integers(0, 255))
    judged(bytes(content[: data.draw(st.integers(1, len(content)))]), pmo)


CELLS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70).map(float)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.dates().filter(lambda day: day.year > 1900)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
)


@BENT
@given(data=st.data())
def test_cells_of_any_type(data: st.DataObject, book: bytes, pmo: User) -> None:
    rows = read(book)
    sheet = rows[data.draw(st.sampled_from(["Systems", "Cost lines"]))]
    for _change in range(data.draw(st.integers(1, 5))):
        row = sheet[data.draw(st.integers(0, len(sheet) - 1))]
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(CELLS)
    judged(made(rows), pmo)
