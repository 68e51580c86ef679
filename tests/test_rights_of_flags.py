"""A flag's figures are for who may read what they are taken from; to others the flag alone stands.

The figures below occur nowhere else: no answer to a reader without the right may hold one of them.
"""

import csv
import io
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse
from django.utils import translation

from governance.access import GRANTS, Action, Resource, Role
from governance.formatting import NOT_SHOWN
from governance.models import User
from projects.flag_sight import FlagSight
from projects.metrics.risk import RULES, Source
from projects.models import RiskFlag
from projects.models.choices import ReviewLayer
from tests import factories
from tests.conftest import World, person, signed_in
from tests.projects.api.conftest import Api

pytestmark = pytest.mark.django_db

DAY = date(2026, 11, 1)
SAID = "not shown to your role"
# Rule → figures of its sentence, and what of these a reader would recognise.
SECRET: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "cost_overrun": (
        {
            "first_budget": 31_700_000_000,
            "current_budget": 31_800_000_000,
            "forecast_cost": 73_900_000_000,
            "growth": "1.3313",
        },
        ("73.9", "73900000000", "133.1", "1.3313"),
    ),
    "schedule_slip": (
        {
            "first_end": "2027-03-31",
            "current_end": "2027-03-31",
            "forecast_end": "2031-07-19",
            "days_late": 1571,
            "slip": "2.1555",
        },
        ("2031-07-19", "1571", "1,571", "215.6", "2.1555"),
    ),
    "zero_variance": ({"exact_months": 4711}, ("4711", "4,711")),
    "late_report": (
        {"period": "2026-07", "due_on": "2026-08-13", "days_late": 97, "latest_submitted": "2026-06"},
        ("2026-08-13", "2026-07", "2026-06"),
    ),
    "kpi_off_target": (
        {"asked": 4711, "known": 4712, "missed": 4713, "share": "0.9871"},
        ("4711", "4712", "4713", "98.7", "0.9871"),
    ),
    "no_outcome": ({"outcomes": 0, "measured": 0, "cost": 73_900_000_000}, ("73.9", "73900000000")),
    "bcr_below_one": (
        {
            "pv_benefits": 31_700_000_000,
            "pv_costs": 73_900_000_000,
            "first_year": 2021,
            "bcr": "0.4289",
        },
        ("31.7", "73.9", "73900000000", "0.4289"),
    ),
    "benefit_shortfall": (
        {"realised": 31_700_000_000, "planned": 73_900_000_000, "years": 3, "share": "0.4289"},
        ("31.7", "73.9", "73900000000", "42.9", "0.4289"),
    ),
    "missing_roles": ({"vacant": 1, "roles": "pjmo"}, ("Nobody is entered as", "pjmo")),
    "gone_rule": ({"amount": 73_900_000_000}, ("73.9", "73900000000")),
}  # fmt: skip


def flag_on(world: World, rule_id: str, figures: dict[str, Any], **about: Any) -> RiskFlag:
    rule = RULES.get(rule_id)
    given = {} if rule is None else {name: str(v) for name, v in rule.settle().items()}
    return RiskFlag.objects.create(
        rule_id=rule_id,
        rule_version=1,
        agency=world.home,
        severity="high",
        reason="",
        figures=figures,
        parameters=given,
        opened_on=DAY,
        severity_since=DAY,
        judged_on=DAY,
        **(about or {"project": world.project}),
    )


def doors(flag: RiskFlag) -> list[str]:
    return [
        reverse("flag", args=[flag.pk]),
        "/attention/",
        "/attention/export.csv",
        "/attention/export.xlsx",
        "/portfolio/",
        "/portfolio/export.csv?table=attention",
        "/agencies/home/",
        "/projects/HOME-P1/",
        "/systems/HOME-1/",
        "/work/",
        "/explain/open_flags/",
        "/api/v1/flags/",
        f"/api/v1/flags/{flag.pk}/",
        "/api/v1/flags/?sort=rule_id",
    ]


def shown(response: HttpResponseBase) -> str:
    """All that an answer tells, a workbook unpacked."""
    raw = (
        b"".join(response.streaming_content)  # type: ignore[attr-defined]
        if response.streaming
        else response.content  # type: ignore[attr-defined]
    )
    if raw[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(raw)) as book:
            raw = b"\n".join(book.read(name) for name in book.namelist() if name.endswith("ml"))
    text = raw.decode(errors="replace").replace(response.headers.get("X-Request-ID", "\0"), "")
    # Tokens and hashes are made of digits by chance; thresholds stand on the page of each flag.
    return re.sub(r'(?:value|data-csrf|href|src|nonce)="[^"]*"', "", text)


def told(client: Client, flag: RiskFlag, secrets: tuple[str, ...]) -> list[str]:
    """The doors that tell one of `secrets`."""
    found = []
    for door in doors(flag):
        answer = client.get(door)
        if answer.status_code == 200 and any(
            re.search(rf"(?<![\d.,]){re.escape(secret)}", text)
            for text in [shown(answer)]
            for secret in secrets
        ):
            found.append(door)
    return found


@pytest.mark.parametrize("rule_id", sorted(SECRET))
def test_no_door_tells_accounting_what_it_may_not_read(rule_id: str, world: World) -> None:
    figures, secrets = SECRET[rule_id]
    flag = flag_on(world, rule_id, figures)
    assert told(signed_in(person(Role.ACCOUNTING, world)), flag, secrets) == []
    assert told(signed_in(person(Role.CIO_OFFICE, world)), flag, secrets) != []


def test_the_flag_itself_stands_and_says_why_it_says_no_more(world: World) -> None:
    flag = flag_on(world, "cost_overrun", SECRET["cost_overrun"][0])
    user = person(Role.ACCOUNTING, world)
    client = signed_in(user)
    for door in (reverse("flag", args=[flag.pk]), "/attention/", "/projects/HOME-P1/"):
        answer = shown(client.get(door))
        assert SAID in answer
        assert "Cost above the first plan" in answer
    rows = list(csv.DictReader(_table(shown(client.get("/attention/export.csv")))))
    assert [row["Why"] for row in rows] == [SAID]
    (row,) = Api.of(user).results("flags/")
    assert (row["severity"], row["figures"]) == ("high", {"not_shown": SAID})
    with translation.override("ja"):
        assert str(NOT_SHOWN) in (SAID, "この役割には表示されません")


def _table(text: str) -> list[str]:
    lines = text.lstrip("\ufeff").splitlines()
    return [line for line in lines if line and not line.startswith(("#", '"#'))]


@pytest.mark.parametrize(
    "layer", [ReviewLayer.MINISTRY, ReviewLayer.CIO, ReviewLayer.THIRD_PARTY, ReviewLayer.SELF]
)
def test_a_review_that_one_may_not_read_is_neither_named_nor_dated(
    layer: ReviewLayer, world: World
) -> None:
    kind = factories.ReviewTypeFactory.create(code="secret", name="極秘審査", layer=layer)
    review = factories.ReviewFactory.create(
        system=world.system, review_type=kind, due_on=date(2026, 5, 17)
    )
    figures = {"due_on": "2026-05-17", "held_on": None, "days_overdue": 168}
    flag = flag_on(world, "review_overdue", figures, review=review)
    user = person(Role.ACCOUNTING, world)
    secrets = ("2026-05-17", "168", "極秘審査 2026")
    assert told(signed_in(user), flag, secrets) == []
    page = shown(signed_in(user).get(reverse("flag", args=[flag.pk])))
    assert "内務台帳" in page
    (row,) = Api.of(user).results("flags/")
    assert row["review"] == "a record that you may not see"
    assert Api.of(user).results("flags/", review=str(review.pk)) == []
    assert told(signed_in(person(Role.PMO, world)), flag, secrets) != []


def test_a_role_of_one_project_opens_the_figures_of_that_project_alone(world: World) -> None:
    """Accounting of the ministry reads flags everywhere; its seat in one PJMO reads reports there."""
    beside = factories.ProjectFactory.create(code="HOME-P2", agency=world.home)
    user = person(Role.ACCOUNTING, world)
    factories.MembershipFactory.create(user=user, role=Role.PJMO, project=world.project)
    figures = SECRET["cost_overrun"][0]
    mine = flag_on(world, "cost_overrun", figures)
    other = flag_on(world, "cost_overrun", figures, project=beside)
    on_system = flag_on(world, "kpi_off_target", SECRET["kpi_off_target"][0], system=world.system)
    elsewhere = factories.SystemFactory.create(agency=world.home)
    far = flag_on(world, "kpi_off_target", SECRET["kpi_off_target"][0], system=elsewhere)
    sight = FlagSight(user)
    assert [sight.shows(one) for one in (mine, other, on_system, far)] == [True, False, True, False]


@pytest.mark.parametrize("rule_id", sorted(RULES))
@pytest.mark.parametrize("role", list(Role))
def test_figures_are_shown_exactly_where_the_grants_table_lets_all_their_sources_be_read(
    rule_id: str, role: Role, world: World
) -> None:
    about: dict[str, Any] = {"project": world.project}
    layer = Resource.REVIEW_MINISTRY
    if Source.REVIEW in RULES[rule_id].sources:
        kind = factories.ReviewTypeFactory.create(layer=ReviewLayer.MINISTRY)
        about = {"review": factories.ReviewFactory.create(system=world.system, review_type=kind)}
    flag = flag_on(world, rule_id, {}, **about)
    resources = {
        layer if source is Source.REVIEW else Resource(source) for source in RULES[rule_id].sources
    }
    may = all(
        role in GRANTS[resource] and Action.READ in GRANTS[resource][role].actions
        for resource in resources
    )
    assert FlagSight(person(role, world)).shows(flag) is may


def test_no_module_puts_a_flag_into_words_past_the_reader() -> None:
    """The sentence knows no reader: only `flag_sight` may ask for it, and who prints figures asks
    there first."""
    root = Path(__file__).resolve().parent.parent
    asks = {
        path.relative_to(root).as_posix()
        for folder in ("projects", "reports", "governance")
        for path in (root / folder).rglob("*.py")
        if re.search(
            r"\bnote_of\b|import figures\b|flag_text import .*\bfigures\b", path.read_text()
        )
    }
    assert asks == {"projects/risk_text.py", "projects/flag_sight.py", "projects/views/flags.py"}


# What the reports tell ------------------------------------------------------------------------------


@pytest.fixture
def reported(world: World) -> World:
    factories.MonthlyUpdateFactory.create(
        project=world.project, approved=True, period=date(2026, 9, 1), forecast_cost=73_900_000_000
    )
    factories.BaselineFactory.create(project=world.project)
    return world


@pytest.mark.parametrize("role", [Role.HR, Role.PUBLIC_RELATIONS, Role.ACCOUNTING])
def test_the_last_report_is_for_who_may_read_reports(role: Role, reported: World) -> None:
    client = signed_in(person(role, reported))
    for door in ("/projects/", "/projects/export.csv", "/projects/?sort=-last_report"):
        answer = shown(client.get(door))
        assert "2026-09" not in answer
        assert SAID in answer
    assert "2026-09" in shown(signed_in(person(Role.PMO, reported)).get("/projects/"))


def test_no_order_tells_whose_report_came_in_last(reported: World) -> None:
    factories.ProjectFactory.create(code="HOME-P0", name="前", agency=reported.home)
    client = signed_in(person(Role.HR, reported))
    for sort in ("last_report", "-last_report"):
        page = shown(client.get(f"/projects/?sort={sort}"))
        assert page.index("内務更改") < page.index("前")


def test_against_the_plan_says_that_forecasts_are_not_shown(reported: World) -> None:
    page = shown(signed_in(person(Role.ACCOUNTING, reported)).get("/projects/HOME-P1/"))
    assert "Against the plan" in page
    assert page.count(SAID) >= 6
    assert "73,900,000,000" not in page


def test_counts_of_what_one_may_not_read_are_no_noughts(reported: World) -> None:
    kind = factories.ReviewTypeFactory.create(layer=ReviewLayer.MINISTRY)
    factories.ReviewFactory.create(
        system=reported.system, review_type=kind, due_on=date(2026, 5, 17), fiscal_year=2026
    )
    user = person(Role.ACCOUNTING, reported)
    client = signed_in(user)
    headline = Api.of(user).get("portfolio/").json()
    assert headline["updates"] == {"due": None, "late": None}
    assert headline["reviews"] == {"count": None, "overdue": None}
    for metric in ("reports_late", "reviews_overdue"):
        page = shown(client.get(f"/explain/{metric}/"))
        assert SAID in page
        assert "内務更改" not in page
    tiles = shown(client.get("/portfolio/"))
    assert tiles.count(SAID) >= 2
    rows = shown(client.get("/agencies/home/export.csv?table=projects"))
    assert SAID in rows
    seen = Api.of(person(Role.PMO, reported)).get("portfolio/").json()
    assert seen["reviews"]["count"] == 1
    assert seen["updates"]["late"] is not None


def test_a_person_with_no_right_to_flags_sees_none(world: World, outsider: User) -> None:
    flag = flag_on(world, "cost_overrun", SECRET["cost_overrun"][0])
    assert signed_in(outsider).get(reverse("flag", args=[flag.pk])).status_code in (403, 404)
