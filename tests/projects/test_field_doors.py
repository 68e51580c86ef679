"""What nobody may write as a record stands is refused in every door, at its field."""

import csv
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from governance.access import Role
from governance.exceptions import DomainError
from governance.models import AuditEvent, Notice, User
from projects.imports import sheets
from projects.models import CostLine, Finding, KpiValue, Milestone, MonthlyUpdate, Project, Review
from projects.models.choices import ReviewLayer, Stage, Verdict
from projects.register import KINDS
from projects.services import cost_grid, register
from tests import factories
from tests.conftest import World, act, person, signed_in
from tests.projects.api.conftest import Api
from tests.projects.test_forms import _edit_data

pytestmark = pytest.mark.django_db

FIGURE: dict[str, Any] = {"target": Decimal(80), "target_state": "reported"}


# What is tried -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Try:
    """A write that must not succeed: of which record, by whom, which field, to which value."""

    kind: str
    make: Callable[[World], Any]
    field: str
    value: Any
    """As JSON; a form, a cell and Python read the same"""
    says: str
    role: Role = Role.PMO


def _value(world: World, **values: Any) -> KpiValue:
    kpi = factories.KpiFactory.create(code="HOME-K", system=world.system)
    made: KpiValue = factories.KpiValueFactory.create(kpi=kpi, **{"fiscal_year": 2025, **values})
    return made


def _of_project(world: World) -> KpiValue:
    kpi = factories.KpiFactory.create(code="HOME-K", system=None, project=world.project)
    made: KpiValue = factories.KpiValueFactory.create(kpi=kpi, fiscal_year=2025)
    return made


def _milestone(world: World) -> Milestone:
    factories.BaselineFactory.create(project=world.project)
    made: Milestone = factories.MilestoneFactory.create(project=world.project, weight=1)
    return made


def _review(world: World, **values: Any) -> Review:
    layer = factories.ReviewTypeFactory.create(layer=ReviewLayer.THIRD_PARTY)
    made: Review = factories.ReviewFactory.create(
        system=None, project=world.project, review_type=layer, **values
    )
    return made


def _finding(world: World, **values: Any) -> Finding:
    made: Finding = factories.FindingFactory.create(review=_review(world), weight="major", **values)
    return made


def _line(world: World, **values: Any) -> CostLine:
    made: CostLine = factories.CostLineFactory.create(
        system=world.system, budget_year=2020, sheet_year=2020, stage=Stage.INITIAL, **values
    )
    return made


def _report(world: World) -> MonthlyUpdate:
    made: MonthlyUpdate = factories.MonthlyUpdateFactory.create(
        project=world.project, basis="milestones"
    )
    return made


TRIES: Mapping[str, Try] = {
    "locked target": Try(
        "kpi-values", lambda w: _value(w, **FIGURE), "target", 1, "locked since its year began"
    ),
    "year of a target": Try(
        "kpi-values", lambda w: _value(w, **FIGURE), "fiscal_year", 2033, "It is fixed since"
    ),
    "method that nobody described": Try(
        "kpi-values", _value, "method_version", 7, "has no such method"
    ),
    "reported actual": Try(
        "kpi-values",
        lambda w: _value(w, actual=Decimal(3), actual_state="reported"),
        "actual",
        9,
        "This actual is reported",
    ),
    "actual that a report carries": Try(
        "kpi-values", _of_project, "actual", 9, "The monthly report of the project carries it"
    ),
    "direction of a KPI in use": Try(
        "kpis", lambda w: _value(w, **FIGURE).kpi, "direction", "down", "Figures stand under"
    ),
    "life of a system": Try("systems", lambda w: w.system, "status", "retired", "agreed to by two"),
    "retirement of a system": Try(
        "systems", lambda w: w.system, "retired_on", "2026-10-01", "agreed to by two"
    ),
    "go-live of a system in use": Try(
        "systems", lambda w: w.system, "go_live_on", "2031-04-01", "agreed to by two"
    ),
    "phase": Try("projects", lambda w: w.project, "phase", "closed", "agreed to by two"),
    "end of a project": Try(
        "projects", lambda w: w.project, "ended_on", "2026-10-01", "agreed to by two"
    ),
    "settled amount": Try("cost-lines", _line, "amount", 5, "is settled"),
    "sheet year of an amount": Try("cost-lines", _line, "sheet_year", 2026, "It is fixed since"),
    "planned day of a milestone": Try(
        "milestones", _milestone, "planned_on", "2030-01-01", "plan that was agreed"
    ),
    "weight of a milestone": Try("milestones", _milestone, "weight", 9, "plan that was agreed"),
    "actual day of a milestone": Try(
        "milestones", _milestone, "actual_on", "2026-10-01", "The monthly report carries it"
    ),
    "rating of a risk": Try(
        "risks",
        lambda w: factories.RiskFactory.create(project=w.project, impact=5),
        "impact",
        1,
        "The monthly report carries it",
    ),
    "planned benefit": Try(
        "benefits",
        lambda w: factories.BenefitFactory.create(
            project=w.project, planned=5, planned_state="reported"
        ),
        "planned",
        1,
        "locked since its year began",
    ),
    "verdict by who is reviewed": Try(
        "reviews", _review, "verdict", Verdict.PROCEED, "the reviewer's alone"
    ),
    "completion by who is reviewed": Try(
        "reviews", _review, "is_complete", True, "for its reviewer alone"
    ),
    "verdict that was given": Try(
        "reviews",
        lambda w: _review(w, verdict=Verdict.REDO),
        "verdict",
        Verdict.PROCEED,
        "that was given stays",
        Role.VERIFIER,
    ),
    "weight of a finding": Try("findings", _finding, "weight", "minor", "reviewer's alone"),
    "closing of a finding": Try(
        "findings", _finding, "accepted_on", "2026-11-20", "for its reviewer alone"
    ),
    "finding that was answered": Try(
        "findings",
        lambda w: _finding(w, answer="直した"),
        "text",
        "別の指摘",
        "stays as it was answered",
        Role.VERIFIER,
    ),
    "answer by the reviewer": Try(
        "findings", _finding, "answer", "直した", "The ministry under review", Role.VERIFIER
    ),
    "month of a report": Try(
        "updates", _report, "period", "2026-09-01", "month of a report never changes", Role.PJMO
    ),
    "computed value": Try(
        "updates", _report, "earned_value", 540_000_000, "weights of the milestones", Role.PJMO
    ),
}


# The doors ----------------------------------------------------------------------------------------------


def _by_service(one: Try, obj: Any, user: User) -> str:
    column: Any = obj._meta.get_field(one.field)
    values = {one.field: column.to_python(one.value)}
    if f"{one.field}_state" in KINDS[one.kind].fields:
        values[f"{one.field}_state"] = "reported"
    with pytest.raises(ValidationError) as refused:
        register.edit(
            act(user, timezone.now()), KINDS[one.kind], obj.pk, values, version=obj.version
        )
    return " ".join(refused.value.message_dict[one.field])


def _by_form(one: Try, obj: Any, user: User) -> str:
    client, url = signed_in(user), KINDS[one.kind].edit_url(obj)
    sent = {"True": "on"}.get(str(one.value), str(one.value))
    answer = client.post(url, _edit_data(client.get(url), **{one.field: sent}))
    assert answer.status_code == 422
    return " ".join(answer.context["form"].errors[one.field])


def _by_api(one: Try, obj: Any, user: User) -> str:
    path = f"{one.kind}/{KINDS[one.kind].key_of(obj)}/"
    body = {"version": obj.version, one.field: one.value}
    answer = Api.of(user).patch(path, body)
    assert answer.status_code in (400, 422), answer.content
    return " ".join(answer.json()["error"]["fields"][one.field])


def _csv_with(one: Try, obj: Any, user: User) -> bytes:
    """The sheet as somebody downloads it, with one cell typed anew."""
    rows = list(csv.reader(io.StringIO(sheets.template_csv(one.kind, user).decode("utf-8-sig"))))
    kind = KINDS[one.kind]
    key = rows[0].index(kind.key if kind.has_own_key else "#")
    row = next(row for row in rows[1:] if row[key] == kind.key_of(obj))
    row[rows[0].index(one.field)] = str(one.value)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def _by_file(one: Try, obj: Any, user: User) -> str:
    checked = sheets.check(
        _csv_with(one, obj, user), file_name="x.csv", kind=one.kind, user=user,
        on=timezone.localdate(),
    )  # fmt: skip
    with pytest.raises(DomainError):
        sheets.commit(act(user, timezone.now()), checked)
    return " ".join(str(error) for error in checked.errors)


DOORS: Mapping[str, Callable[[Try, Any, User], str]] = {
    "service": _by_service,
    "form": _by_form,
    "api": _by_api,
    "file": _by_file,
}
_IN_FILES = {sheet.slug for sheet in sheets.SHEETS}


def _doors() -> list[tuple[str, str]]:
    """Every try at every door that takes its kind: files hold some kinds alone."""
    return [
        (name, door)
        for name, one in TRIES.items()
        for door in DOORS
        if door != "file" or one.kind in _IN_FILES
    ]


@pytest.mark.parametrize(("name", "door"), _doors())
def test_every_door_refuses_at_the_field(name: str, door: str, world: World) -> None:
    one = TRIES[name]
    obj = one.make(world)
    before = type(obj).objects.filter(pk=obj.pk).values().get()
    says = DOORS[door](one, obj, person(one.role, world))
    assert one.says in says
    assert type(obj).objects.filter(pk=obj.pk).values().get() == before
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", [n for n, one in TRIES.items() if one.kind in _IN_FILES])
def test_a_command_on_the_machine_is_a_door_like_the_others(
    name: str, world: World, tmp_path: Any
) -> None:
    one = TRIES[name]
    obj = one.make(world)
    path = tmp_path / "x.csv"
    path.write_bytes(_csv_with(one, obj, person(one.role, world)))
    with pytest.raises(CommandError):
        call_command("import_workbook", str(path), kind=one.kind)
    assert not AuditEvent.objects.exists()


def test_a_settled_amount_is_refused_in_the_grid(world: World, pmo: User, now: datetime) -> None:
    line = _line(world, amount=1_000)
    key = (line.cost_item.code, "initial", 2020)
    with pytest.raises(cost_grid.GridRefused) as refused:
        cost_grid.save(act(pmo, now), world.system, 2020, {key: cost_grid.Entry("5", line.version)})
    assert "is settled" in refused.value.errors[key]
    # An amount that nobody reported is still a first entry.
    new = ("item-operation", "initial", 2019)
    assert cost_grid.save(act(pmo, now), world.system, 2020, {new: cost_grid.Entry("5")}) == 1


# New records --------------------------------------------------------------------------------------------


NEW: Mapping[str, tuple[str, Callable[[World], dict[str, Any]], str, str, Role]] = {
    "method that nobody described": (
        "kpi-values",
        lambda w: {
            "kpi": factories.KpiFactory.create(code="K-1", system=w.system).code,
            "fiscal_year": 2026, "method_version": 7, "target": 1,
        },
        "method_version", "has no such method", Role.PMO,
    ),
    "actual that a report carries": (
        "kpi-values",
        lambda w: {
            "kpi": factories.KpiFactory.create(code="K-1", system=None, project=w.project).code,
            "fiscal_year": 2026, "actual": 1,
        },
        "actual", "carries it", Role.PJMO,
    ),
    "month that has not begun": (
        "updates",
        lambda w: {"project": "HOME-P1", "period": "2031-01-01"},
        "period", "has not begun", Role.PJMO,
    ),
    "earned value typed as computed": (
        "updates",
        lambda w: {
            "project": "HOME-P1", "period": "2026-10-01", "basis": "milestones",
            "earned_value": 540_000_000,
        },
        "earned_value", "weights of the milestones", Role.PJMO,
    ),
    "milestone that is reached already": (
        "milestones",
        lambda w: {
            "project": factories.BaselineFactory.create(project=w.project).project.code,
            "name": "稼働", "planned_on": "2026-10-01", "actual_on": "2026-10-01",
        },
        "actual_on", "The monthly report carries it", Role.PJMO,
    ),
    "finding by who is reviewed": (
        "findings",
        lambda w: {
            "review": _review(w).pk, "category": "plan", "weight": "minor", "text": "問題なし",
        },
        "text", "reviewer's alone", Role.PMO,
    ),
    "verdict by who orders the review": (
        "reviews",
        lambda w: {
            "project": "HOME-P1", "fiscal_year": 2026, "verdict": "proceed",
            "review_type": factories.ReviewTypeFactory.create(layer="third_party").code,
        },
        "verdict", "reviewer's alone", Role.PMO,
    ),
}  # fmt: skip


@pytest.mark.parametrize("door", ["form", "api"])
@pytest.mark.parametrize("name", NEW)
def test_a_new_record_holds_nothing_that_another_way_writes(
    name: str, door: str, world: World
) -> None:
    slug, values, field, says, role = NEW[name]
    user, body = person(role, world), values(world)
    before = KINDS[slug].objects.count()
    if door == "api":
        answer = Api.of(user).post(f"{slug}/", body)
        told = " ".join(answer.json()["error"]["fields"][field])
    else:
        client = signed_in(user)
        data = _edit_data(client.get(f"/{slug}/new/"), **{k: str(v) for k, v in body.items()})
        answer = client.post(f"/{slug}/new/", data)
        told = " ".join(answer.context["form"].errors[field])
    assert answer.status_code in (400, 422)
    assert says in told
    assert KINDS[slug].objects.count() == before


# What stays possible ------------------------------------------------------------------------------------


def test_a_target_is_not_lowered_by_moving_its_year_away_and_back(world: World, pmo: User) -> None:
    """The three writes of the attack, one after the other: none comes through."""
    value, api = _value(world, **FIGURE), Api.of(pmo)
    for body in ({"fiscal_year": 2033}, {"target": 1}, {"fiscal_year": 2025}):
        api.patch(f"kpi-values/{value.pk}/", {"version": 1, **body})
    value.refresh_from_db()
    assert (value.fiscal_year, value.target, value.version) == (2025, Decimal(80), 1)


def test_the_form_shows_what_is_closed_and_why(world: World, pmo: User) -> None:
    finding = _finding(world)
    page = signed_in(pmo).get(f"/findings/{finding.pk}/edit/")
    form = page.context["form"]
    closed = {name for name, field in form.fields.items() if field.disabled}
    assert closed == {"review", "category", "weight", "text", "due_on", "accepted_on"}
    html = page.content.decode()
    assert "A finding is the reviewer&#x27;s alone. It is written by: Third-party verifier." in html
    assert "Ask for a change on the page of the record: another person decides." in html


def test_the_ministry_answers_the_reviewer_closes_and_everybody_is_told(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    verifier, findings = person(Role.VERIFIER, world), KINDS["findings"]
    review = _review(world)
    finding = register.create(
        act(verifier, now),
        findings,
        {"review": review, "category": "plan", "weight": "major", "text": "工程の根拠がない"},
    )
    register.edit(act(pjmo, now), findings, finding.pk, {"answer": "示した"}, version=1)
    register.edit(act(verifier, now), findings, finding.pk, {"accepted_on": now.date()}, version=2)
    register.edit(
        act(verifier, now),
        KINDS["reviews"],
        review.pk,
        {"verdict": Verdict.CONDITIONS, "is_complete": True},
        version=1,
    )
    register.edit(
        act(pmo, now), KINDS["reviews"], review.pk, {"response_text": "改善する"}, version=2
    )

    def told(user: User) -> list[str]:
        return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))

    assert told(pmo) == ["finding-written", "finding-answered", "finding-closed", "review-judged"]
    assert told(pjmo) == ["finding-written", "finding-closed", "review-judged", "review-answered"]
    assert told(verifier) == ["finding-answered", "review-answered"]


def test_nobody_closes_a_finding_that_they_answered(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    """In a review inside the ministry the PMO reviews, and may answer as well: not both."""
    layer = factories.ReviewTypeFactory.create(layer=ReviewLayer.MINISTRY)
    review = factories.ReviewFactory.create(system=None, project=world.project, review_type=layer)
    mine, theirs = factories.FindingFactory.create_batch(2, review=review)
    close, findings = {"accepted_on": now.date()}, KINDS["findings"]
    register.edit(act(pmo, now), findings, mine.pk, {"answer": "直した"}, version=1)
    with pytest.raises(ValidationError, match="Nobody closes a finding that they answered"):
        register.edit(act(pmo, now), findings, mine.pk, close, version=2)
    register.edit(act(pjmo, now), findings, theirs.pk, {"answer": "直した"}, version=1)
    assert register.edit(act(pmo, now), findings, theirs.pk, close, version=2).version == 3


def test_a_report_gives_what_its_milestones_earn_whatever_the_door(
    world: World, pjmo: User
) -> None:
    factories.BaselineFactory.create(project=world.project, budget_at_completion=600_000_000)
    factories.MilestoneFactory.create(
        project=world.project, weight=1, actual_on=date(2026, 9, 1), planned_on=date(2026, 9, 1)
    )
    factories.MilestoneFactory.create(project=world.project, weight=2)
    Api.of(pjmo).post(
        "updates/", {"project": "HOME-P1", "period": "2026-10-01", "basis": "milestones"}
    )
    update = MonthlyUpdate.objects.get()
    assert (update.earned_value, update.progress_percent) == (200_000_000, Decimal("33.33"))


def test_before_a_plan_is_agreed_milestones_are_simply_written(
    world: World, pjmo: User, now: datetime
) -> None:
    milestone = factories.MilestoneFactory.create(project=world.project)
    values = {"planned_on": date(2027, 1, 1), "weight": 3, "forecast_on": date(2027, 2, 1)}
    register.edit(act(pjmo, now), KINDS["milestones"], milestone.pk, values, version=1)
    factories.BaselineFactory.create(project=world.project)
    with pytest.raises(ValidationError, match="plan that was agreed"):
        register.edit(act(pjmo, now), KINDS["milestones"], milestone.pk, {"weight": 1}, version=2)
    assert Project.objects.get(pk=world.project.pk).milestones.get().weight == 3
