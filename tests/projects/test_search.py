"""The search over the whole register."""

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.access import Role
from governance.models import User
from projects.views.search import SHOWN
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db


def _text(user: User, query: str) -> str:
    response = signed_in(user).get("/search/", query_params={"q": query})
    assert response.status_code == 200
    return unescape(str(response.content.decode()))


def _hits(user: User, query: str) -> set[str]:
    html = _text(user, query)
    return set(
        re.findall(
            r'<li><a href="(/[a-z]+/[^"/]+/)">', html[html.index("<h1") : html.index("<footer")]
        )
    )


def test_each_kind_is_found_by_name_and_by_id(world: World, cio: User) -> None:
    factories.ServiceFactory.create(service_id="V-1", name="旅券の申請", agency=world.home)
    factories.ContractFactory.create(contract_id="C-1", title="旅券システム保守", agency=world.home)
    assert _hits(cio, "旅券") == {"/services/V-1/", "/contracts/C-1/"}
    assert _hits(cio, "HOME-P1") == {"/projects/HOME-P1/"}
    assert _hits(cio, "内務台帳") == {"/systems/HOME-1/"}
    assert "/agencies/home/" in _hits(cio, "Home Ministry")


@pytest.mark.parametrize("query", ["home-1", "ＨＯＭＥ－１", "ＨＯＭＥ-1", "  HOME-1　"])
def test_widths_and_case_do_not_matter(world: World, cio: User, query: str) -> None:
    assert "/systems/HOME-1/" in _hits(cio, query)


def test_a_register_written_in_full_width_is_found_in_half_width(world: World, cio: User) -> None:
    factories.SystemFactory.create(system_id="W-1", name="ＡＰＩ連携ｼｽﾃﾑ", agency=world.home)
    factories.SystemFactory.create(system_id="W-2", name="データ連携システム", agency=world.home)
    assert _hits(cio, "API") == {"/systems/W-1/"}
    assert _hits(cio, "ﾃﾞｰﾀ") == {"/systems/W-2/"}


def test_all_words_must_occur(world: World, cio: User) -> None:
    assert _hits(cio, "内務 台帳") == {"/systems/HOME-1/"}
    assert _hits(cio, "内務 HOME-1") == {"/systems/HOME-1/"}
    assert _hits(cio, "内務　別省") == set()
    assert "Nothing that you can see fits “内務　別省”" in _text(cio, "内務　別省")


def test_nobody_finds_what_they_may_not_see(world: World, pmo: User) -> None:
    assert _hits(pmo, "台帳") == {"/systems/HOME-1/", "/systems/SUB-1/"}
    hr = person(Role.HR, world)
    assert _hits(hr, "内務") == {"/projects/HOME-P1/", "/agencies/home/", "/agencies/sub/"}
    assert "Contracts" not in re.sub(r"<header.*?</header>", "", _text(hr, ""), flags=re.S)


def test_long_groups_are_cut_counted_and_lead_to_the_list(world: World, cio: User) -> None:
    factories.SystemFactory.create_batch(SHOWN + 5, agency=world.home)
    html = _text(cio, "システム")
    assert f"{SHOWN + 5} found" in html
    assert len(_hits(cio, "システム")) == SHOWN
    assert "/systems/?q=%E3%82%B7%E3%82%B9%E3%83%86%E3%83%A0" in html


@pytest.mark.parametrize("query", ["", "   ", "　"])
def test_an_empty_search_says_how_to_search(world: World, cio: User, query: str) -> None:
    html = _text(cio, query)
    assert "Several words must all occur." in html
    assert _hits(cio, query) == set()


@pytest.mark.parametrize(
    "query", ["%", "_", "'", '"', "<script>", "x" * 500, "a " * 200, "\ud83d\udca9".encode("utf-16", "surrogatepass").decode("utf-16")]
)  # fmt: skip
def test_no_text_breaks_the_search(world: World, cio: User, query: str) -> None:
    html = _text(cio, query)
    assert "<script>" not in html.replace('<script src="', "").split("<h1")[1].split("value=")[0]
    assert _hits(cio, query) == set()


def test_a_text_with_a_nul_is_no_address(world: World, cio: User) -> None:
    assert signed_in(cio).get("/search/", {"q": "a\x00"}).status_code == 400


def test_a_search_costs_the_same_whatever_it_finds(world: World, cio: User) -> None:
    client: Any = signed_in(cio)

    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get("/search/?q=台帳")
        return len(captured)

    few = statements()
    factories.SystemFactory.create_batch(SHOWN - 3, agency=world.home, name="追加台帳")
    assert statements() == few
    # Session, person, rights (3), and one a kind; one more counts a group that is cut.
    assert few <= 10
