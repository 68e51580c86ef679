"""The yearly executed yen that ministries write into a remark (備考) of their review sheet.

The official tables have no column for the split into development (開発・整備関連) and operation
(運用保守関連); it stands in prose such as 「運用保守関連」／執行額：2021年度161,445千円、2022年度ー千円.
"""

import re
import unicodedata
from dataclasses import dataclass

DEVELOPMENT, OPERATION, OTHER, COMBINED = "development", "operation", "other", "combined"

_HEADING = re.compile(r"「?(開発・整備関連|運用・?保守関連|その他経費)」?")
_FIGURE = re.compile(r"(20\d\d)年度(?:\([^)]*\))?:?\s*([\d,.]+|[ー―‐–—-]+)\s*(千円|百万円|億円|円)")
_AMOUNT = re.compile(r"\d[\d,.]*\s*(?:千円|百万円|億円|円)")
_SCALE = {"円": 1, "千円": 1_000, "百万円": 1_000_000, "億円": 100_000_000}
_CLASS = {"開発": DEVELOPMENT, "運用": OPERATION, "その": OTHER}


@dataclass(frozen=True, slots=True)
class RemarkFigure:
    """Executed yen of one class and year; None where the sheet writes a dash."""

    cost_class: str
    year: int
    yen: int | None
    unit: str
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """All figures of one remark, the units that one block mixes, and figures that do not parse."""

    figures: tuple[RemarkFigure, ...] = ()
    mixed_units: tuple[RemarkFigure, ...] = ()
    unreadable: tuple[str, ...] = ()
    unread_amounts: int = 0


def _blocks(text: str) -> list[tuple[str, str]]:
    """(class, text behind its heading); headings that follow each other at once share a block."""
    headings = list(_HEADING.finditer(text))
    blocks: list[tuple[str, str]] = []
    pending: list[str] = []
    for number, heading in enumerate(headings):
        end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
        body = text[heading.end() : end]
        pending.append(_CLASS[heading.group(1)[:2]])
        if not _FIGURE.search(body) and not re.search(r"\d", body) and number + 1 < len(headings):
            if "、" in body or "・" in body:
                continue
            pending = []
            continue
        blocks.append((pending[0] if len(set(pending)) == 1 else COMBINED, body))
        pending = []
    return blocks


def _figure(cost_class: str, found: "re.Match[str]") -> RemarkFigure | None:
    year, number, unit = found.groups()
    if not re.search(r"\d", number):
        return RemarkFigure(cost_class, int(year), None, unit, found.group(0))
    whole, _, fraction = number.replace(",", "").partition(".")
    scale = _SCALE[unit]
    digits = f"{whole}{fraction}"
    if not digits.isdecimal() or (scale % 10 ** len(fraction)):
        return None
    return RemarkFigure(
        cost_class, int(year), int(digits) * scale // 10 ** len(fraction), unit, found.group(0)
    )


def parse_remark(raw: str) -> Remark:
    """Read a remark. What stands behind 「※」 is a footnote and says nothing of yen.

    A block that writes some years in one unit and some in another is reported: a figure of
    145,728円 beside thousands is most likely a slip, but it is kept as published.
    """
    text = unicodedata.normalize("NFKC", raw).split("※")[0]
    figures: list[RemarkFigure] = []
    mixed: list[RemarkFigure] = []
    unreadable: list[str] = []
    for cost_class, body in _blocks(text):
        block: list[RemarkFigure] = []
        for found in _FIGURE.finditer(body):
            figure = _figure(cost_class, found)
            if figure is None:
                unreadable.append(found.group(0))
            else:
                block.append(figure)
        # A dash or a zero is the same in every unit.
        stated = [figure for figure in block if figure.yen]
        units = {figure.unit for figure in stated}
        if len(units) > 1:
            # The slip is the smaller unit: whole thousands do not turn into single yen.
            largest = max(units, key=lambda unit: _SCALE[unit])
            mixed += [figure for figure in stated if figure.unit != largest]
        figures += block
    amounts = len(_AMOUNT.findall(unicodedata.normalize("NFKC", raw)))
    read = sum(figure.yen is not None for figure in figures) + len(unreadable)
    return Remark(tuple(figures), tuple(mixed), tuple(unreadable), amounts - read)
