"""Files from strangers: what they do, they do to a process apart, and soon it is over."""

import io
import os
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from governance.models import User
from projects.imports import jobs
from projects.imports.reader import apart, child, limits
from projects.imports.reader.apart import read_apart
from projects.imports.reader.limits import Refused
from projects.imports.sheets import opening
from projects.imports.sheets.opening import Unreadable, open_file
from projects.models import ImportJob
from projects.models.choices import JobState
from tests.conftest import World, signed_in
from tests.projects.imports import hostile

ROOT = Path(__file__).resolve().parents[3]
CASES = ROOT.parent / "shared" / "cases" / "files"
MEGABYTE = 1024 * 1024

# Starts the reader from a small process: a test's own peak would be counted as the child's.
_MEASURE = """
import os, subprocess, sys
reader = subprocess.Popen([sys.executable, "-m", "projects.imports.reader.child", "xlsx"],
                          stdin=sys.stdin, stdout=subprocess.DEVNULL)
_pid, status, usage = os.wait4(reader.pid, 0)
print(usage.ru_maxrss * 1024, usage.ru_utime + usage.ru_stime)
"""

FAR = {
    "the last cell of all": (hostile.cell_at("XFD1048576"), "XFD1048576", "rows"),
    "a thousand columns": (hostile.cell_at("ALL20000"), "ALL20000", "columns"),
    "a row beyond": (hostile.cell_at("A100003"), "A100003", "rows"),
    "a column beyond": (hostile.cell_at("GS1"), "GS1", "columns"),
    "a wide rectangle": (hostile.cell_at("GR99999"), "GR99999", "cells"),
    "a text": (hostile.cell_at("XFD9", "<is><t>x</t></is>"), "XFD9", "columns"),
    "without an address": (
        hostile.with_cells('<row r="1048576"><c><v>1</v></c></row>'),
        "A1048576",
        "rows",
    ),
}
BROKEN = {
    "a tag of 18 kB without an end": hostile.endless_tag(18_000),
    "a tag of 3 MB without an end": hostile.endless_tag(3 * MEGABYTE),
    "a column that is none": hostile.cell_at("ABCDE1"),
    "a row that is none": hostile.with_cells('<row r="x"><c><v>1</v></c></row>'),
    "a sheet that is missing": hostile.edited(
        hostile.plain_book(),
        lambda data: data.replace(b"sheet1.xml", b"sheet9.xml"),
        "xl/_rels/workbook.xml.rels",
    ),
    "twice the same member": hostile.edited(
        hostile.plain_book(), more={"XL/workbook.xml": b"<workbook/>"}
    ),
}


def refused(content: bytes, name: str = "a.xlsx") -> str:
    with pytest.raises(Unreadable) as caught:
        open_file(content, name)
    return "\n".join(str(error) for error in caught.value.errors)


@pytest.mark.parametrize("case", FAR)
def test_what_stands_far_out_is_refused_and_named(case: str) -> None:
    content, place, kind = FAR[case]
    assert place in refused(content)
    assert "at most" in refused(content)
    assert kind in refused(content)


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_refused(case: str) -> None:
    assert "damaged" in refused(BROKEN[case])


@pytest.mark.parametrize(
    "content",
    [FAR["the last cell of all"][0], FAR["a thousand columns"][0], *list(BROKEN.values())[:2]],
)
def test_a_refusal_costs_little(content: bytes) -> None:
    with tempfile.TemporaryFile() as given:
        given.write(content)
        given.seek(0)
        out = subprocess.run(
            [sys.executable, "-c", _MEASURE], stdin=given, cwd=ROOT, capture_output=True, check=True
        ).stdout
    peak, seconds = out.split()
    assert int(peak) < 300 * MEGABYTE
    assert float(seconds) < 5  # Of the processor, whatever else the machine does.


def test_formatted_rows_hold_no_data() -> None:
    rows = "".join(f'<row r="{n}" s="1" ht="20"><c r="A{n}" s="1"/></row>' for n in (9, 1_048_576))
    sheets, errors = open_file(hostile.with_cells(rows), "a.xlsx")
    assert (len(sheets[0].rows), errors) == (3, [])


def test_a_sheet_as_large_as_one_may_be_is_taken() -> None:
    sheets, errors = open_file(hostile.cell_at("C100002"), "a.xlsx")
    assert (len(sheets[0].rows), errors) == (100_002, [])
    assert sheets[0].rows[0] == ["text 0", 0.0, "more"]


def test_cells_stand_where_they_stood() -> None:
    """The parser leaves out the empty columns before the first one."""
    content = hostile.edited(
        hostile.plain_book(1),
        lambda data: (
            data[: data.index(b"<sheetData>")]
            + b'<sheetData><row r="2"><c r="C2"><v>7</v></c></row></sheetData></worksheet>'
        ),
    )
    sheets, _errors = open_file(content, "a.xlsx")
    assert sheets[0].rows == [[], ["", "", 7.0]]


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<f>1+1</f><v>2</v>", "formula"),
        ("<v>2</v><f>1+1</f>", "formula"),
        ("<!-- a comment --><f>1+1</f><v>2</v>", "formula"),
        ("<f\n>1+1</f><v>2</v>", "formula"),
    ],
)
def test_formulas_are_found_however_they_are_written(inside: str, says: str) -> None:
    _sheets, errors = open_file(hostile.cell_at("B9", inside), "a.xlsx")
    assert [(e.row, e.column, says in e.message) for e in errors] == [(9, "B9", True)]


def test_formulas_in_single_quotes_and_with_a_prefix() -> None:
    xml = "<row r='9'><c t='n' r='B9'><f>1+1</f><v>2</v></c></row>"
    _sheets, errors = open_file(hostile.with_cells(xml), "a.xlsx")
    assert [e.column for e in errors] == ["B9"]
    content = hostile.edited(
        hostile.plain_book(),
        lambda data: data.replace(
            b"</sheetData>",
            b'<x:row xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" r="9">'
            b'<x:c r="B9"><x:f>1+1</x:f><x:v>2</x:v></x:c></x:row></sheetData>',
        ),
    )
    _sheets, errors = open_file(content, "a.xlsx")
    assert [e.column for e in errors] == ["B9"]


def test_errors_and_merged_cells_are_told_with_their_places() -> None:
    content = hostile.edited(
        hostile.plain_book(),
        lambda data: data.replace(
            b"</sheetData>",
            b'<row r="8"><c r="B8" t="e"><v>#REF!</v></c></row></sheetData>'
            b'<mergeCells count="1"><mergeCell ref="D5:E6"/></mergeCells>',
        ),
    )
    _sheets, errors = open_file(content, "a.xlsx")
    assert [(e.sheet, e.row, e.column) for e in errors] == [
        ("Costs", 8, "B8"),
        ("Costs", 5, "D5:E6"),
    ]


_TYPES = "[Content_Types].xml"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            hostile.edited(hostile.plain_book(), more={"xl/macrosheets/sheet1.xml": b"<a/>"}),
            "macros",
        ),
        (
            hostile.edited(
                hostile.plain_book(),
                lambda data: data.replace(
                    b"</Types>",
                    b'<Override PartName="/xl/p.bin"'
                    b' ContentType="application/vnd.ms-office.vbaProject"/></Types>',
                ),
                _TYPES,
            ),
            "macros",
        ),
        (
            hostile.edited(
                hostile.plain_book(), more={"xl/externalLinks/externalLink1.xml": b"<a/>"}
            ),
            "other workbooks",
        ),
        (
            hostile.edited(
                hostile.plain_book(),
                lambda data: b'<!DOCTYPE a [<!ENTITY b "c">]>' + data.split(b"?>", 1)[-1],
            ),
            "entities",
        ),
        (
            hostile.edited(hostile.plain_book(), more={"xl/x.xml": b"\0" * 40 * MEGABYTE}),
            "unpacks to far more",
        ),
    ],
)
def test_what_no_register_needs_is_refused(content: bytes, says: str) -> None:
    assert says in refused(content)


def test_wide_and_long_csv_files() -> None:
    assert "at most 200 columns" in refused(b"a," * 300, "a.csv")
    assert "at most 100,000 rows" in refused(b"a\n" * 100_010, "a.csv")
    sheets, errors = open_file("名,=\r\n'=1,2\r\n".encode() * 20_000, "a.csv")
    assert (len(sheets[0].rows), sheets[0].rows[1], errors) == (40_000, ["=1", "2"], [])


# The process itself ----------------------------------------------------------------------------------------


def _reader_that(does: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put another program in the reader's place."""
    package = tmp_path / "projects" / "imports" / "reader"
    package.mkdir(parents=True)
    for folder in (package, package.parent, package.parent.parent):
        (folder / "__init__.py").touch()
    (package / "child.py").write_text(does)
    monkeypatch.setattr("django.conf.settings.BASE_DIR", tmp_path)


@pytest.mark.parametrize(
    ("does", "code"),
    [
        ("while True: pass", "time"),
        ("import os; os.abort()", "memory"),
        ("raise MemoryError", "memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "time"),
        ("print('not json')", "damaged"),
        ("""print('{"faults":[]}')""", "damaged"),  # No end: it broke off.
        ("""print('[1]')""", "damaged"),
        ("""print('{"sheet":"a"}'); print('{"day":"x"}')""", "damaged"),
        ("import sys; sys.stdout.write('[' * 100000)", "damaged"),
        ("""print('{"refused":"nonsense","values":{}}')""", "damaged"),
        ("""print('{"refused":"rows","values":{}}')""", "damaged"),
        ("""print('{"refused":"rows","values":[]}')""", "damaged"),
        ("print(7)", "damaged"),
    ],
)
def test_whatever_happens_to_the_reader_the_file_is_refused(
    does: str, code: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _reader_that(does, monkeypatch, tmp_path)
    monkeypatch.setattr(apart, "_WALL", 2)
    with pytest.raises(Refused) as caught:
        read_apart(b"x", "xlsx")
    assert caught.value.code == code


def test_every_reason_has_its_words() -> None:
    assert set(opening._REFUSED) == set(limits.CODES)
    for code, names in limits.CODES.items():
        assert str(opening._REFUSED[code]) % dict.fromkeys(names, "7")


def test_the_reader_sees_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    told = "import os, json; print(json.dumps({'sheet': repr(dict(os.environ))}))"
    _reader_that(f"{told}; print('{{\"end\":true}}')", monkeypatch, tmp_path)
    ((environment, _rows),) = read_apart(b"x", "xlsx").sheets
    assert "PATH" in environment
    assert "hush" not in environment
    assert "postgres" not in environment


def test_a_reader_that_is_not_wanted_any_more_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "pid"
    _reader_that(
        f"import os; open({str(mark)!r}, 'w').write(str(os.getpid()))\nwhile True: pass",
        monkeypatch,
        tmp_path,
    )

    def beat() -> None:
        if mark.exists() and mark.read_text():
            raise jobs.Cancelled

    with pytest.raises(jobs.Cancelled):
        read_apart(b"x", "xlsx", beat)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_the_limits_are_the_kernels() -> None:
    out = subprocess.run(
        [
            sys.executable,
            "-c",
            "from projects.imports.reader import child; child.bound(); x = bytearray(2 ** 31)",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "MemoryError" in out.stderr
    assert limits.MAX_MEMORY <= 600 * MEGABYTE


def test_the_reader_starts_without_the_site() -> None:
    """Django and its settings are no part of what a file meets."""
    out = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, projects.imports.reader.child; print('django' in sys.modules)",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    assert out.stdout.strip() == "False"


def test_the_answer_of_the_reader_is_what_it_read() -> None:
    out = io.StringIO()
    child.answer("csv", io.BytesIO("a,名\n1,\n".encode()), out)
    assert out.getvalue().splitlines() == [
        '{"faults":[]}',
        '{"sheet":""}',
        '["a","\\u540d"]',
        '["1",""]',
        '{"end":true}',
    ]


# As a job --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("case", ["the last cell of all", "a thousand columns"])
def test_a_hostile_upload_ends_at_its_first_attempt(
    case: str, world: World, pmo: User, now: datetime
) -> None:
    """And is not tried again: the resumed job did it to the next worker."""
    job = jobs.upload(pmo, file_name="a.xlsx", content=FAR[case][0], kind="", language="en", at=now)
    jobs.check_job(job.pk)
    ended = ImportJob.objects.get(pk=job.pk)
    assert (ended.state, ended.attempts, ended.content) == (JobState.REFUSED, 1, None)
    assert FAR[case][1] in ended.report["errors"][0]["column"]
    assert jobs.resume(now.replace(year=2027)) == []


@pytest.mark.django_db
def test_other_requests_go_on_while_a_file_is_read(
    world: World, pmo: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    client: Client = signed_in(pmo)
    _reader_that("while True: pass", monkeypatch, tmp_path)
    monkeypatch.setattr(apart, "_WALL", 3)
    told: list[str] = []

    def read() -> None:
        try:
            read_apart(b"x", "xlsx")
        except Refused as refused_:
            told.append(refused_.code)

    reading = threading.Thread(target=read)
    reading.start()
    while reading.is_alive() and not told:
        assert client.get("/systems/").status_code == 200
        time.sleep(0.2)
    reading.join()
    assert told == ["time"]


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases lie beside the repository")
@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("formula-single-quotes", ["M2"]),
        ("formula-after-comment", ["M2"]),
        ("formula-after-value", ["M2"]),
        ("amount-true", []),
    ],
)
def test_the_workbooks_that_were_sent(name: str, places: list[Any]) -> None:
    _sheets, errors = open_file((CASES / f"{name}.xlsx").read_bytes(), f"{name}.xlsx")
    assert [error.column for error in errors] == places


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases lie beside the repository")
def test_the_workbook_with_a_far_space() -> None:
    assert "A1048576" in refused((CASES / "far-space.xlsx").read_bytes())


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_line() -> None:
    text = "a,b\n1,2\n" + '3,"' + "x" * 140_000
    with pytest.raises(Refused) as refused:
        child.read_csv(text.encode())
    assert (refused.value.code, refused.value.values) == ("csv", {"n": 3})
