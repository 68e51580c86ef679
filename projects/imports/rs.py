"""行政事業レビュー 2024: reads the published tables into plain records. Pure: writes nothing.

Taken are the sheets of IT programmes, whose name holds 「情報通信技術調達等適正・効率化推進費」;
the structure of every row of every table is checked all the same. Years: a sheet of 事業年度 2024
carries the executed figures up to FY2023, the budget of FY2024 and the request for FY2025, so an
executed 0 for FY2024 says "not yet", not zero.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.utils.translation import gettext as _

from governance.fields.bounds import FISCAL_YEAR_MAX, FISCAL_YEAR_MIN
from projects.imports import rs_columns as c
from projects.imports.agencies import normal_name
from projects.imports.archive import Row, read_table, refuse
from projects.imports.errors import ImportRejected, Problem
from projects.imports.rs_remarks import Remark, parse_remark
from projects.models.choices import SIGNED_STAGES

SHEET_YEAR = 2024
IT_MARK = "情報通信技術調達等適正・効率化推進費"
UMBRELLA = "4"
"""The sheet that holds the bulk budget of all ministries' systems; no system itself."""


@dataclass(slots=True)
class Sheet:
    """One IT programme: name, owner ministries in the order stated, years, remark."""

    number: str
    name: str
    owners: list[str] = field(default_factory=list)
    purpose: str = ""
    start_year: int | None = None
    end_year: int | None = None
    is_new_request: bool = False
    remark: Remark = field(default_factory=Remark)


@dataclass(frozen=True, slots=True)
class LedgerFigure:
    """Yen of one sheet, budget year, account and stage; None is "not yet reported"."""

    sheet: str
    year: int
    account: str
    stage: str
    yen: int | None


@dataclass(frozen=True, slots=True)
class ContractRow:
    sheet: str
    number: int
    vendor: str
    vendor_number: str
    title: str
    method: str
    method_note: str
    amount: int | None
    bidders: int | None
    award_percent: Decimal | None
    single_reason: str


@dataclass(frozen=True, slots=True)
class Goal:
    """A node of the goal chain; `code` is unique in its sheet."""

    sheet: str
    code: str
    kind: str
    horizon: str
    text: str


@dataclass(frozen=True, slots=True)
class GoalLink:
    sheet: str
    origin: str
    target: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReviewRow:
    """A review as told by table 4-1: `kind` is outside or team, `year` when it was held."""

    sheet: str
    kind: str
    year: int
    key: str
    check: str = ""
    remarks: str = ""
    verdict: str = ""
    response: str = ""
    response_text: str = ""
    reflected: int | None = None


@dataclass(slots=True)
class Portfolio:
    """All that the tables say of the IT programmes."""

    sheets: dict[str, Sheet] = field(default_factory=dict)
    ledger: list[LedgerFigure] = field(default_factory=list)
    contracts: list[ContractRow] = field(default_factory=list)
    goals: list[Goal] = field(default_factory=list)
    links: list[GoalLink] = field(default_factory=list)
    reviews: list[ReviewRow] = field(default_factory=list)
    rows_read: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    warnings: list[str] = field(default_factory=list)


class _Cells:
    """Typed reading of the cells of one table; collects problems instead of stopping."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []

    def _problem(self, row: Row, column: str, message: str) -> None:
        self.problems.append(Problem(self.file, message, row.number, column))

    def decimal(self, row: Row, column: str) -> Decimal | None:
        raw = unicodedata.normalize("NFKC", row[column]).replace(",", "").strip()
        if not raw:
            return None
        try:
            value = Decimal(raw)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self._problem(row, column, _("“%(raw)s” is no number.") % {"raw": row[column]})
            return None
        return value

    def integer(self, row: Row, column: str) -> int | None:
        value = self.decimal(row, column)
        if value is None:
            return None
        if value != value.to_integral_value() or abs(value) >= 10**18:
            self._problem(row, column, _("“%(raw)s” is no whole amount.") % {"raw": row[column]})
            return None
        return int(value)

    def year(self, row: Row, column: str, earliest: int = FISCAL_YEAR_MIN) -> int | None:
        value = self.integer(row, column)
        if value is not None and not earliest <= value <= FISCAL_YEAR_MAX:
            self._problem(row, column, _("“%(raw)s” is no fiscal year.") % {"raw": row[column]})
            return None
        return value

    def required_year(self, row: Row, column: str) -> int:
        value = self.year(row, column)
        if value is None and not row[column].strip():
            self._problem(row, column, _("The year is missing."))
        return value or SHEET_YEAR


def _find(folder: Path, table: str) -> Path:
    if not folder.is_dir():
        raise refuse(str(folder), _("The folder does not exist."))
    found = sorted(folder.glob(f"{table}_*.zip"))
    if len(found) != 1:
        raise refuse(
            f"{table}_RS_{SHEET_YEAR}_….zip",
            _("The folder must hold this table exactly once; it holds it %(n)d times.")
            % {"n": len(found)},
        )
    return found[0]


def files(folder: Path) -> dict[str, Path]:
    """The six tables by number. Raises ImportRejected where one is missing."""
    return {table: _find(folder, table) for table in c.TABLES}


def _it_rows(path: Path, table: str, portfolio: Portfolio) -> Iterator[Row]:
    """Rows of IT sheets; every other row is checked for its year and counted as skipped."""
    name = path.name
    for row in read_table(path, c.TABLES[table]):
        portfolio.rows_read[table] += 1
        if row[c.YEAR].strip() != str(SHEET_YEAR):
            raise refuse(
                name,
                _("This is a table of %(found)s; the tables of %(wanted)s are needed.")
                % {"found": row[c.YEAR] or "?", "wanted": SHEET_YEAR},
                row=row.number,
                column=c.YEAR,
            )
        if IT_MARK in unicodedata.normalize("NFKC", row[c.NAME]):
            yield row
        else:
            portfolio.skipped[_("%(table)s: no IT programme") % {"table": table}] += 1


def _clean(name: str) -> str:
    """The programme's name without the budget item that marks it as IT."""
    for opening in "（(":
        for closing in "）)":
            name = name.replace(f"{opening}{IT_MARK}{closing}", "")
    return name.strip()


def _organisation(path: Path, portfolio: Portfolio) -> None:
    stated: dict[str, list[tuple[int, str]]] = defaultdict(list)
    cells = _Cells(path.name)
    for row in _it_rows(path, "1-1", portfolio):
        number = row[c.SHEET]
        portfolio.sheets.setdefault(number, Sheet(number, _clean(row[c.NAME])))
        owner = normal_name(row["府省庁（その他担当組織）"])
        if owner:
            order = cells.integer(row, "その他担当組織_作成責任者_no")
            stated[number].append((order or 0, owner))
    _raise(cells)
    for number, owners in stated.items():
        names = list(dict.fromkeys(owner for _order, owner in sorted(owners)))
        portfolio.sheets[number].owners = names
        if len(names) > 1:
            portfolio.warnings.append(
                _("Sheet %(sheet)s names several owners (%(names)s); the first one was taken.")
                % {"sheet": number, "names": "、".join(names)}
            )


def _outline(path: Path, portfolio: Portfolio) -> None:
    cells = _Cells(path.name)
    seen: set[str] = set()
    for row in _it_rows(path, "1-2", portfolio):
        number = row[c.SHEET]
        sheet = portfolio.sheets.get(number)
        if sheet is None:
            cells.problems.append(
                Problem(path.name, _("This sheet is not in table 1-1."), row.number, c.SHEET)
            )
            continue
        remark = parse_remark(row["備考"])
        if number in seen:
            # Some sheets stand twice, once per expense group; the fuller row counts.
            portfolio.skipped[_("1-2: second row of one sheet")] += 1
            if len(remark.figures) <= len(sheet.remark.figures):
                continue
        seen.add(number)
        sheet.purpose = row["事業の目的"]
        # Programmes began long before systems were counted by year.
        sheet.start_year = cells.year(row, "事業開始年度", earliest=1868)
        sheet.end_year = cells.year(row, "事業終了（予定）年度")
        sheet.is_new_request = row["事業区分"] == "新規要求事業"
        sheet.remark = remark
    _raise(cells)


_STAGES: dict[str, Callable[[_Cells, Row], int | None]] = {
    "initial": lambda cells, row: cells.integer(row, "当初予算"),
    "supplementary": lambda cells, row: _sum(cells.integer(row, x) for x in c.SUPPLEMENTS),
    "carried_in": lambda cells, row: cells.integer(row, "前年度から繰越し"),
    "reserve": lambda cells, row: _sum(cells.integer(row, x) for x in c.RESERVES),
    "available": lambda cells, row: cells.integer(row, "歳出予算現額"),
    "executed": lambda cells, row: cells.integer(row, "執行額"),
    "requested": lambda cells, row: cells.integer(row, "翌年度要求額"),
}


def _sum(values: Iterable[int | None]) -> int | None:
    """Sum of the values known; None where none is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _budget(path: Path, portfolio: Portfolio) -> None:
    """Table 2-1: a summary row a sheet and year, and the same money again on account rows.

    Stages come from the account rows (one row a supplement may follow: they are summed), the
    carry-over into the next year, which only the summary row has, from there.
    """
    cells = _Cells(path.name)
    sums: dict[tuple[str, int, str, str], list[int | None]] = defaultdict(list)
    for row in _it_rows(path, "2-1", portfolio):
        sheet, year = row[c.SHEET], cells.required_year(row, "予算年度")
        if not row["会計区分"].strip():
            carried = cells.integer(row, "翌年度への繰越し(合計）")
            sums[sheet, year, "", "carried_out"].append(carried)
            continue
        account = "　".join(filter(None, (row["会計"].strip(), row["勘定"].strip())))
        for stage, read in _STAGES.items():
            budget_year = year + 1 if stage == "requested" else year
            yen = read(cells, row)
            if yen is not None and yen < 0 and stage not in SIGNED_STAGES:
                cells.problems.append(
                    Problem(path.name, _("This figure cannot be negative."), row.number, stage)
                )
            sums[sheet, budget_year, account, stage].append(yen)
    _raise(cells)
    for (sheet, year, account, stage), values in sorted(sums.items()):
        yen = _sum(values)
        if stage in ("executed", "carried_out") and year >= SHEET_YEAR:
            yen = None  # The year was still running when the sheet was written.
        portfolio.ledger.append(LedgerFigure(sheet, year, account, stage, yen))
    _warn_ledger(portfolio)


def _warn_ledger(portfolio: Portfolio) -> None:
    totals: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for figure in portfolio.ledger:
        if figure.yen is not None:
            totals[figure.sheet, figure.year][figure.stage] += figure.yen
    for (sheet, year), stages in sorted(totals.items()):
        place = {"sheet": sheet, "year": year}
        if stages["supplementary"] < 0:
            portfolio.warnings.append(
                _("Sheet %(sheet)s, FY%(year)s: negative supplementary budget, %(yen)s yen.")
                % {**place, "yen": f"{stages['supplementary']:,}"}
            )
        if stages["reserve"] < 0:
            portfolio.warnings.append(
                _("Sheet %(sheet)s, FY%(year)s: reserve funds and transfers of %(yen)s yen.")
                % {**place, "yen": f"{stages['reserve']:,}"}
            )
        if stages["executed"] > stages["available"]:
            portfolio.warnings.append(
                _(
                    "Sheet %(sheet)s, FY%(year)s: executed %(spent)s yen above the budget of %(yen)s."
                )
                % {**place, "spent": f"{stages['executed']:,}", "yen": f"{stages['available']:,}"}
            )


def _warn_remarks(portfolio: Portfolio) -> None:
    """Slips and disagreements between the remark's split and the ledger's executed total."""
    executed: dict[tuple[str, int], int] = defaultdict(int)
    for figure in portfolio.ledger:
        if figure.stage == "executed" and figure.yen is not None:
            executed[figure.sheet, figure.year] += figure.yen
    for sheet in portfolio.sheets.values():
        portfolio.warnings += _remark_slips(sheet)
        split: dict[int, int] = defaultdict(int)
        for found in sheet.remark.figures:
            if found.yen is not None and found.year < SHEET_YEAR:
                split[found.year] += found.yen
        for year, yen in sorted(split.items()):
            total = executed.get((sheet.number, year))
            # The remark is rounded to thousands, the ledger at times to millions.
            if total is not None and abs(total - yen) >= 1_000_000:
                portfolio.warnings.append(
                    _(
                        "Sheet %(sheet)s, FY%(year)s: the remark splits %(split)s yen, the ledger says %(yen)s."
                    )
                    % {
                        "sheet": sheet.number,
                        "year": year,
                        "split": f"{yen:,}",
                        "yen": f"{total:,}",
                    }
                )


def _remark_slips(sheet: Sheet) -> Iterator[str]:
    """What one remark writes in a way that cannot be taken as it stands."""
    remark, place = sheet.remark, {"sheet": sheet.number}
    for slip in remark.mixed_units:
        yield _(
            "Sheet %(sheet)s: “%(text)s” stands beside larger units (unit slip?); kept as published."
        ) % {**place, "text": slip.text}
    for text in remark.unreadable:
        yield _("Sheet %(sheet)s: “%(text)s” in the remark could not be read; not loaded.") % {
            **place,
            "text": text,
        }
    for found in remark.figures:
        if found.year >= SHEET_YEAR and found.yen:
            yield _(
                "Sheet %(sheet)s: “%(text)s” is of a year that was still running; not counted as executed."
            ) % {**place, "text": found.text}
    if remark.unread_amounts:
        yield _(
            "Sheet %(sheet)s: %(n)d amounts of the remark follow no known form; not loaded."
        ) % {**place, "n": remark.unread_amounts}


def _contracts(path: Path, portfolio: Portfolio) -> None:
    cells = _Cells(path.name)
    count: Counter[str] = Counter()
    for row in _it_rows(path, "5-4", portfolio):
        if not row[c.VENDOR].strip():
            portfolio.skipped[_("5-4: no vendor named")] += 1
            continue
        sheet = row[c.SHEET]
        count[sheet] += 1
        amount = cells.integer(row, c.AMOUNT)
        bidders = cells.integer(row, c.BIDDERS)
        award = cells.decimal(row, c.AWARD)
        for column, value in ((c.AMOUNT, amount), (c.BIDDERS, bidders), (c.AWARD, award)):
            if value is not None and value < 0:
                cells.problems.append(
                    Problem(path.name, _("This figure cannot be negative."), row.number, column)
                )
        if award is not None and award > 100:
            message = _("An award rate cannot exceed 100 %.")
            cells.problems.append(Problem(path.name, message, row.number, c.AWARD))
        portfolio.contracts.append(
            ContractRow(
                sheet=sheet,
                number=count[sheet],
                vendor=row[c.VENDOR].strip(),
                vendor_number=row[c.VENDOR_NUMBER].strip(),
                title=row[c.TITLE].strip(),
                method=row[c.METHOD].strip(),
                method_note=row[c.METHOD_NOTE].strip(),
                amount=amount,
                bidders=bidders,
                award_percent=award,
                single_reason=row[c.SINGLE_REASON].strip(),
            )
        )
    _raise(cells)


_KIND = {"アクティビティ": "activity", "アウトプット": "output", "アウトカム": "outcome"}
_LETTER = {"activity": "A", "output": "P", "outcome": "C"}
_HORIZON = {"": "", "短期": "short", "中期": "medium", "長期": "long"}


def _goals(path: Path, portfolio: Portfolio) -> None:
    """Table 3-2. A sheet may hold several chains that number their goals alike, so a goal is
    told apart by its words too."""
    cells = _Cells(path.name)
    nodes: dict[tuple[str, str, str, str, str], Goal] = {}
    names: Counter[tuple[str, str]] = Counter()
    reasons: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)

    def node(row: Row, kind_at: str, number_at: str, horizon_at: str, text_at: str) -> Goal | None:
        kind, horizon = _KIND.get(row[kind_at]), _HORIZON.get(row[horizon_at])
        for column, value in ((kind_at, kind), (horizon_at, horizon)):
            if value is None:
                message = _("“%(raw)s” is not known here.") % {"raw": row[column]}
                cells.problems.append(Problem(path.name, message, row.number, column))
        if kind is None or horizon is None:
            return None
        key = (row[c.SHEET], kind, row[number_at].strip(), horizon, row[text_at].strip())
        if key not in nodes:
            base = f"{_LETTER[kind]}{key[2]}"
            names[key[0], base] += 1
            again = names[key[0], base]
            code = base if again == 1 else f"{base}-{again}"
            nodes[key] = Goal(key[0], code, kind, horizon, key[4])
        return nodes[key]

    for row in _it_rows(path, "3-2", portfolio):
        origin = node(row, c.FROM_KIND, c.FROM_NO, c.FROM_HORIZON, c.FROM_TEXT)
        target = node(row, c.TO_KIND, c.TO_NO, c.TO_HORIZON, c.TO_TEXT)
        if origin is None or target is None:
            continue
        if origin == target:
            portfolio.skipped[_("3-2: a goal that leads to itself")] += 1
            continue
        link = reasons[origin.sheet, origin.code, target.code]
        if row[c.REASON].strip():
            link[row[c.REASON].strip()] = None
    _raise(cells)
    portfolio.goals = list(nodes.values())
    portfolio.links = [
        GoalLink(sheet, origin, target, tuple(found))
        for (sheet, origin, target), found in reasons.items()
    ]


def _reviews(path: Path, portfolio: Portfolio) -> None:
    cells = _Cells(path.name)
    for row in _it_rows(path, "4-1", portfolio):
        sheet = row[c.SHEET]
        found: dict[tuple[str, int], ReviewRow] = {}
        year = cells.year(row, c.OUTSIDE_YEAR)
        if year is not None:
            found["outside", year] = ReviewRow(
                sheet,
                "outside",
                year,
                f"RS{SHEET_YEAR}-{sheet}-outside-{year}",
                check=row[c.OUTSIDE_KIND] if year == SHEET_YEAR else "",
                remarks="\n".join(filter(None, (row[c.OUTSIDE_REASON], row[c.OUTSIDE_TEXT]))),
            )
        past_year = cells.year(row, f"{c.PAST}取りまとめ年度")
        if past_year is not None:
            found["outside", past_year] = ReviewRow(
                sheet,
                "outside",
                past_year,
                f"RS{SHEET_YEAR}-{sheet}-outside-{past_year}",
                check=row[f"{c.PAST}区分"],
                remarks="\n".join(
                    filter(
                        None,
                        (
                            found["outside", past_year].remarks if past_year == year else "",
                            row[f"{c.PAST}取りまとめ内容"],
                        ),
                    )
                ),
                response_text=row[f"{c.PAST}対応状況"],
            )
        if row[c.TEAM].strip():
            found["team", SHEET_YEAR] = ReviewRow(
                sheet,
                "team",
                SHEET_YEAR,
                f"RS{SHEET_YEAR}-{sheet}-team",
                remarks=row[c.TEAM_TEXT],
                verdict=row[c.TEAM].strip(),
                response=row[c.RESPONSE].strip(),
                response_text=row[c.RESPONSE_TEXT],
                reflected=cells.integer(row, c.REFLECTED),
            )
        portfolio.reviews += found.values()
        if not found:
            portfolio.skipped[_("4-1: no review held")] += 1
    _raise(cells)


def _raise(cells: _Cells) -> None:
    if cells.problems:
        raise ImportRejected(cells.problems)


def parse(folder: Path, step: Callable[[str], None] = lambda _table: None) -> Portfolio:
    """Read all tables of `folder`; `step` is called before each.

    Raises ImportRejected with every problem of the first table that has any.
    """
    readers: dict[str, Callable[[Path, Portfolio], None]] = {
        "1-1": _organisation,
        "1-2": _outline,
        "2-1": _budget,
        "3-2": _goals,
        "4-1": _reviews,
        "5-4": _contracts,
    }
    portfolio = Portfolio()
    paths = files(folder)
    for table, read in readers.items():
        step(table)
        read(paths[table], portfolio)
    _check_sheets(portfolio, paths)
    _warn_remarks(portfolio)
    return portfolio


def _check_sheets(portfolio: Portfolio, paths: dict[str, Path]) -> None:
    """Every sheet named by a later table stands in table 1-1."""
    for table, numbers in (
        ("2-1", {figure.sheet for figure in portfolio.ledger}),
        ("3-2", {goal.sheet for goal in portfolio.goals}),
        ("4-1", {review.sheet for review in portfolio.reviews}),
        ("5-4", {contract.sheet for contract in portfolio.contracts}),
    ):
        if unknown := numbers - portfolio.sheets.keys():
            raise refuse(
                paths[table].name,
                _("Sheet %(sheet)s is not in table 1-1.") % {"sheet": sorted(unknown)[0]},
                column=c.SHEET,
            )
