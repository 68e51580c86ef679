"""The survey of administrative procedures 2024 (行政手続等の悉皆調査), read from parquet.

Pure: writes nothing. The counts are those of FY2023. Traps of this file: the conversion turned
blanks of the three count columns into 0, so a total of 0 says nothing and becomes *missing*; an
online count of 0 beside a known total is kept as 0, though a few may have been blank (they are
counted in the report); four rows have more online cases than cases, so their online count is not
usable and becomes missing, with a warning.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from governance.fields.bounds import COUNT_MAX
from governance.fields.text import check_line, one_line
from projects.imports.agencies import normal_name
from projects.imports.archive import refuse
from projects.imports.errors import ImportRejected, Problem
from projects.models import Service

SURVEY_YEAR = 2024
COUNT_YEAR = 2023
MAX_ROWS = 1_000_000
MAX_BYTES = 2 * 1024**3

ID, OWNER, NAME, LAW, ARTICLE = "手続ID", "所管府省庁", "手続名", "法令名", "根拠条項号"
TYPE, USER, ONLINE, SYSTEM = "手続類型", "手続主体", "オンライン化の実施状況", "情報システム(申請)"
LAW_NUMBER = "法令番号"
TOTAL, ONLINE_CASES = "総手続件数", "オンライン手続件数"
COLUMNS = (
    ID,
    OWNER,
    NAME,
    LAW,
    LAW_NUMBER,
    ARTICLE,
    TYPE,
    USER,
    "手続の受け手",
    "経由機関",
    "独立行政法人等の名称",
    "事務区分",
    "府省共通手続",
    "実施府省庁",
    ONLINE,
    "オンライン化の実施予定及び検討時の懸念点",
    "オンライン化実施時期",
    "申請等における本人確認手法",
    "手数料等の納付有無",
    "手数料等の納付方法",
    "手数料等のオンライン納付時の優遇措置",
    "処理期間(オンライン)",
    "処理期間(非オンライン)",
    SYSTEM,
    "情報システム(事務処理)",
    TOTAL,
    ONLINE_CASES,
    "非オンライン手続件数",
    "申請書等に記載させる情報",
    "申請時に添付させる書類",
    "添付書類等提出の撤廃/省略状況",
    "添付書類等の提出方法",
    "添付書類等への電子署名",
    "添付形式等が定められた規定",
    "手続が行われるイベント(個人)",
    "手続が行われるイベント(法人)",
    "申請に関連する士業",
    "申請を提出する機関",
    "オンライン化率",
)
_READ = (ID, OWNER, NAME, LAW, ARTICLE, TYPE, USER, ONLINE, SYSTEM, TOTAL, ONLINE_CASES)
_ONLINE = {
    "1 実施済": "available",
    "5 一部実施済": "partly",
    "2 未実施": "not_available",
    "3 適用除外": "exempt",
    "4 その他": "other",
    "": "unknown",
}


@dataclass(frozen=True, slots=True)
class Procedure:
    """One procedure; a count of None is missing."""

    number: str
    owner: str
    name: str
    law: str
    article: str
    procedure_type: str
    user_group: str
    online_status: str
    system_names: str
    cases: int | None
    online_cases: int | None


@dataclass(slots=True)
class Survey:
    procedures: list[Procedure] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)


def _open(path: Path) -> pa.Table:
    name = path.name
    if not path.is_file():
        raise refuse(name, _("The file is missing."))
    try:
        source = pq.ParquetFile(path)
        meta = source.metadata
        size = sum(meta.row_group(n).total_byte_size for n in range(meta.num_row_groups))
        if meta.num_rows == 0:
            raise refuse(name, _("The table is empty."))
        if meta.num_rows > MAX_ROWS or size > MAX_BYTES:
            raise refuse(name, _("The file unpacks to far more than the survey holds."))
        _check_columns(name, source.schema_arrow.names)
        table = source.read(columns=list(_READ))
        table.validate(full=True)  # Text that is not UTF-8 shows here, not half way through.
    except (pa.ArrowException, OSError) as error:
        message = _("The file is no readable parquet table: %(why)s") % {"why": error}
        raise refuse(name, message) from error
    return table


def _check_columns(file: str, names: list[str]) -> None:
    problems = [
        Problem(file, _("This column is missing."), 1, column)
        for column in COLUMNS
        if column not in names
    ]
    if problems and len(names) != len(COLUMNS):
        message = _("This is not the survey of %(year)s, which has %(n)d columns, but %(m)d.")
        values = {"year": SURVEY_YEAR, "n": len(COLUMNS), "m": len(names)}
        problems.insert(0, Problem(file, message % values))
        if LAW_NUMBER not in names and len(names) > len(COLUMNS):
            # From 2025 on there is no such column: naming the year says more than a list.
            raise refuse(
                file,
                _(
                    "This is the table of another year: it has %(n)d columns and none for the"
                    " number of the law; the survey of 2024 has %(m)d."
                )
                % {"n": len(names), "m": len(COLUMNS)},
                column=LAW_NUMBER,
            )
    problems += [
        Problem(file, _("This column is not known."), 1, column)
        for column in names
        if column not in COLUMNS
    ]
    problems += [
        Problem(file, _("This column stands twice."), 1, column)
        for column, times in Counter(names).items()
        if times > 1
    ]
    if problems:
        raise ImportRejected(problems)


def _longest(field_name: str) -> int:
    longest: int = Service._meta.get_field(field_name).max_length  # type: ignore[union-attr,assignment]
    return longest


PREFIX = f"P{SURVEY_YEAR}-"
_LONGEST = {
    ID: _longest("service_id") - len(PREFIX),
    NAME: _longest("name"),
    LAW: _longest("law"),
    ARTICLE: _longest("article"),
    TYPE: _longest("procedure_type"),
    USER: _longest("user_group"),
    SYSTEM: _longest("system_names"),
}
"""Characters that the register keeps of each text; nothing is cut off in silence."""


def _text(value: Any) -> str:
    return "" if value is None else one_line(str(value))


def _count(value: Any) -> int | None:
    """A count as a whole number; None where it is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and 0 <= value <= COUNT_MAX:
        return value
    return None


def parse(path: Path, step: Callable[[int], None] = lambda _rows: None) -> Survey:
    """Read the survey; `step` is called with the rows of each batch read.

    Raises ImportRejected for a missing, damaged or other file, a missing or unknown column, and
    with every row that has a bad count, no id, a repeated id or an unknown answer.
    """
    survey = Survey()
    problems: list[Problem] = []
    seen: set[str] = set()
    number = 1
    for batch in _open(path).to_batches(max_chunksize=5000):
        for cells in batch.to_pylist():
            number += 1
            procedure = _procedure(path.name, number, cells, survey, problems)
            if procedure.number in seen:
                message = _("The id “%(id)s” stands twice.") % {"id": procedure.number}
                problems.append(Problem(path.name, message, number, ID))
            seen.add(procedure.number)
            survey.procedures.append(procedure)
        step(batch.num_rows)
    if problems:
        raise ImportRejected(problems)
    return survey


def _procedure(
    file: str, number: int, cells: dict[str, Any], survey: Survey, problems: list[Problem]
) -> Procedure:
    def problem(column: str, message: str) -> None:
        problems.append(Problem(file, message, number, column))

    key, status = _text(cells[ID]), _text(cells[ONLINE])
    for column in (ID, NAME):
        if not _text(cells[column]):
            problem(column, _("This cell cannot be empty."))
    for column, longest in _LONGEST.items():
        if len(_text(cells[column])) > longest:
            problem(column, _("The text is longer than %(n)d characters.") % {"n": longest})
        try:
            check_line(_text(cells[column]))
        except ValidationError as error:
            problem(column, " ".join(error.messages))
    if status not in _ONLINE:
        problem(ONLINE, _("“%(raw)s” is not known here.") % {"raw": status})
    counts = {}
    for column in (TOTAL, ONLINE_CASES):
        counts[column] = _count(cells[column])
        if counts[column] is None and cells[column] is not None:
            problem(column, _("“%(raw)s” is no count.") % {"raw": cells[column]})
    cases, online = _cases(key, number, counts[TOTAL], counts[ONLINE_CASES], status, survey)
    return Procedure(
        number=key,
        owner=normal_name(_text(cells[OWNER])),
        name=_text(cells[NAME]),
        law=_text(cells[LAW]),
        article=_text(cells[ARTICLE]),
        procedure_type=_text(cells[TYPE]),
        user_group=_text(cells[USER]),
        online_status=_ONLINE.get(status, "unknown"),
        system_names=_text(cells[SYSTEM]),
        cases=cases,
        online_cases=online,
    )


def _cases(
    key: str, row: int, cases: int | None, online: int | None, status: str, survey: Survey
) -> tuple[int | None, int | None]:
    """Both counts as far as the file can be believed; see the module's docstring."""
    if online is not None and online > (cases or 0):
        survey.warnings.append(
            _(
                "Row %(row)d, procedure %(id)s: %(online)s online of %(cases)s cases; online left out."
            )
            % {"row": row, "id": key, "online": f"{online:,}", "cases": f"{cases or 0:,}"}
        )
        online = None
    if not cases:
        survey.counts[_("no case count (blank or zero)")] += 1
        return None, None
    if online == 0 and _ONLINE.get(status) == "available":
        survey.counts[_("online, with 0 online cases (zero or blank: the file cannot tell)")] += 1
    return cases, online
