from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.paginator import Paginator
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext_lazy
from hypothesis import given
from hypothesis import strategies as st

from governance.formatting import YenUnit
from governance.tabular import (
    Badge,
    Column,
    Kind,
    Sort,
    Unknown,
    build_table,
    display,
    export_links,
    ordering,
    sort_rows,
    value_html,
)


@dataclass(frozen=True)
class System:
    name: str
    cost: int | Unknown | None
    use: Decimal | None = None
    level: Badge | None = None


COLUMNS: Sequence[Column[System]] = (
    Column(
        "name",
        "Name",
        lambda row: row.name,
        sort="name",
        url=lambda row: f"/systems/{row.name}/",
        definition="Official name",
    ),
    Column(
        "cost",
        "Cost",
        lambda row: row.cost,
        Kind.YEN,
        sort="executed",
        scale=YenUnit.HUNDRED_MILLION,
    ),
    Column("use", "Online use", lambda row: row.use, Kind.RATIO),
)
ROWS = [
    System("KSK", 26_050_000_000, Decimal("0.51")),
    System("NACCS", None),
    System("Zero", 0, Decimal(0)),
]


def html_of(table: object) -> str:
    return render_to_string("includes/_table.html", {"table": table})


def test_a_page_shows_figures_units_and_reasons() -> None:
    with translation.override("ja"):
        table = build_table(COLUMNS, ROWS, caption="Systems", query={})
    assert [head.unit for head in table.headers] == ["", "億円", ""]
    cells = [[cell.html for cell in row.cells] for row in table.rows]
    assert cells[0][0] == '<a href="/systems/KSK/">KSK</a>'
    assert '<data value="26050000000" title="26,050,000,000円">260.5</data>' in cells[0][1]
    assert ">–<" in cells[1][1]
    assert ">0<" in cells[2][1]
    assert cells[2][2] == "0%"


def test_unknown_values_tell_their_reason_to_screen_readers() -> None:
    html = value_html(None, Kind.YEN)
    assert '<span class="visually-hidden">not reported</span>' in html
    assert "cannot be computed" in value_html(None, Kind.RATIO)
    assert "withheld (security)" in value_html(Unknown("withheld", "security"), Kind.INTEGER)


def test_text_is_escaped_everywhere() -> None:
    evil = System("<script>alert(1)</script>", 1)
    columns = [
        Column[System](
            "name",
            "<b>head</b>",
            lambda row: row.name,
            url=lambda _row: '/x"onclick="',
            sort="name",
            definition='"><i>',
            unit="<u>",
        )
    ]
    html = html_of(
        build_table(columns, [evil], caption="<i>", query=QueryDict('a="><script>'), id="t")
    )
    for tag in ("<script", "<b>", "<i>", "<u>", 'onclick="'):
        assert tag not in html


def test_a_sort_link_keeps_the_filters_and_drops_the_page() -> None:
    query = QueryDict("agency=15&agency=20&page=3&sort=name")
    table = build_table(COLUMNS, ROWS, caption="Systems", query=query, sort=Sort("name"))
    name, cost, use = table.headers
    assert name.aria_sort == "ascending"
    assert name.sort_url == "?agency=15&agency=20&sort=-name"
    assert cost.sort_url == "?agency=15&agency=20&sort=-cost"
    assert cost.aria_sort == ""
    assert use.sort_url == ""
    assert query.urlencode() == "agency=15&agency=20&page=3&sort=name"


def test_the_current_sort_is_told_in_markup_and_turns_round() -> None:
    table = build_table(
        COLUMNS, ROWS, caption="Systems", query={"sort": "-cost"}, sort=Sort("cost", True), id="t1"
    )
    assert table.headers[1].sort_url == "?sort=cost#t1"
    html = html_of(table)
    assert html.count("aria-sort=") == 1
    assert 'aria-sort="descending"' in html
    assert html.count('scope="row"') == len(ROWS)
    assert html.count('scope="col"') == len(COLUMNS)
    assert "<caption>Systems</caption>" in html


@pytest.mark.parametrize(
    ("raw", "default", "expected"),
    [
        ("name", "", Sort("name")),
        ("-cost", "name", Sort("cost", descending=True)),
        ("use", "name", Sort("name")),
        ("--cost", "", None),
        ("cost; drop table", "-cost", Sort("cost", descending=True)),
        ("executed", "", None),
        (None, "", None),
        ("", "nothing", None),
    ],
)
def test_only_listed_columns_sort(raw: str | None, default: str, expected: Sort | None) -> None:
    assert Sort.parse(raw, COLUMNS, default) == expected


@given(st.text())
def test_no_address_makes_parsing_fail(raw: str) -> None:
    sort = Sort.parse(raw, COLUMNS, "name")
    assert sort is not None
    assert sort.key in {"name", "cost"}
    assert Sort.parse(sort.param, COLUMNS) == sort


def test_database_order_puts_unknown_last_and_settles_ties() -> None:
    term, tie = ordering(COLUMNS, Sort("cost", descending=True))
    assert repr(term) == "OrderBy(F(executed), descending=True)"
    assert getattr(term, "nulls_last", None) is True
    assert tie == "pk"
    assert ordering(COLUMNS, Sort("use")) == ()
    assert ordering(COLUMNS, None) == ()


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        (Sort("cost"), ["Zero", "KSK", "NACCS"]),
        (Sort("cost", descending=True), ["KSK", "Zero", "NACCS"]),
        (Sort("name", descending=True), ["Zero", "NACCS", "KSK"]),
        (None, ["KSK", "NACCS", "Zero"]),
    ],
)
def test_order_in_memory_puts_unknown_last(sort: Sort | None, names: list[str]) -> None:
    assert [row.name for row in sort_rows(ROWS, COLUMNS, sort)] == names


def test_badges_sort_by_rank_and_lazy_text_by_its_words() -> None:
    rows = [
        System("b", 1, level=Badge("high", "high", rank=3)),
        System("a", 1, level=Badge("low", "low", rank=1)),
        System("c", 1),
    ]
    level = Column[System]("level", "Level", lambda row: row.level, Kind.CHOICE, sort="level")
    lazy = Column[System]("lazy", "Lazy", lambda row: gettext_lazy(row.name), sort="lazy")
    assert [row.name for row in sort_rows(rows, [level], Sort("level", True))] == ["b", "a", "c"]
    assert [row.name for row in sort_rows(rows, [lazy], Sort("lazy"))] == ["a", "b", "c"]


def test_a_badge_is_told_by_icon_and_word() -> None:
    html = value_html(Badge("High", "high"), Kind.CHOICE)
    assert "<svg" in html
    assert "High</span>" in html


def test_the_last_row_shows_totals_of_all_pages() -> None:
    table = build_table(COLUMNS, ROWS, caption="Systems", query={}, total={"cost": 999_000_000_000})
    assert table.total is not None
    name, cost, use = (cell.html for cell in table.total.cells)
    assert name == "Total"
    assert ">999.00<" in cost
    assert use == ""
    assert "<tfoot>" in html_of(table)


def test_an_empty_table_says_so() -> None:
    html = html_of(build_table(COLUMNS, [], caption="Systems", query={}, empty_text="No system."))
    assert "No system." in html
    assert "<table" not in html
    default = html_of(build_table(COLUMNS, [], caption="Systems", query={}))
    assert "There is nothing to show here." in default


def test_the_count_tells_which_rows_are_shown() -> None:
    page = Paginator(range(1450), 50).page(2)
    table = build_table(COLUMNS, ROWS, caption="Systems", query={}, page=page)
    assert table.count_text == "Rows 51–100 of 1,450"


def test_exports_keep_filters_and_order_and_take_all_pages() -> None:
    links = export_links(
        lambda fmt: f"/systems/export.{fmt}", QueryDict("agency=15&sort=-cost&page=2"), table="x"
    )
    assert [(link.label, link.url) for link in links] == [
        ("CSV", "/systems/export.csv?agency=15&sort=-cost&table=x"),
        ("XLSX", "/systems/export.xlsx?agency=15&sort=-cost&table=x"),
    ]
    assert export_links(lambda fmt: f"/e.{fmt}", {})[0].url == "/e.csv"
    html = html_of(build_table(COLUMNS, ROWS, caption="Systems", query={}, exports=links))
    assert 'href="/systems/export.xlsx?agency=15&amp;sort=-cost&amp;table=x"' in html


@pytest.mark.parametrize(
    ("value", "kind", "shown"),
    [
        (1450, Kind.INTEGER, "1,450"),
        (Decimal("1450"), Kind.INTEGER, "1,450"),
        (Decimal("3.50"), Kind.DECIMAL, "3.5"),
        (2025, Kind.YEAR, "FY2025"),
        (date(2025, 4, 1), Kind.DATE, "2025-04-01"),
        (datetime(2025, 4, 1, tzinfo=UTC), Kind.DATETIME, "2025-04-01 09:00"),
        (True, Kind.BOOL, "yes"),
        (False, Kind.BOOL, "no"),
        (12_345, Kind.YEN, "12,345"),
        ("text", Kind.TEXT, "text"),
        (None, Kind.TEXT, "–"),
    ],
)
def test_each_kind_has_one_way_to_read(value: object, kind: Kind, shown: str) -> None:
    assert display(value, kind) == shown


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (1.5, Kind.YEN),
        (Decimal("1.5"), Kind.YEN),
        (True, Kind.INTEGER),
        (0.5, Kind.RATIO),
        ("2025-04-01", Kind.DATE),
        (datetime(2025, 4, 1, tzinfo=UTC), Kind.DATE),
        (date(2025, 4, 1), Kind.DATETIME),
        (1, Kind.BOOL),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(value: object, kind: Kind) -> None:
    with pytest.raises(TypeError):
        display(value, kind)


def test_yen_columns_name_exact_yen_in_files_whatever_the_page_rounds_to() -> None:
    assert COLUMNS[1].shown_unit() == "¥ bn"
    assert COLUMNS[1].export_unit() == "yen"
    minutes = Column[System]("m", "Minutes", lambda _row: 1, Kind.INTEGER, unit="min")
    assert minutes.shown_unit() == minutes.export_unit() == "min"
