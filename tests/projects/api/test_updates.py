"""Monthly reports over the API: drafted, handed over, returned, approved."""

from collections.abc import Mapping
from typing import Any

import pytest

from governance.access import Role
from governance.models import AuditEvent, User
from projects.models import MonthlyUpdate
from projects.models.choices import UpdateState
from tests import factories
from tests.conftest import World
from tests.projects.api.conftest import Api

pytestmark = pytest.mark.django_db


def _drafted(api: Api) -> str:
    body = {
        "project": "HOME-P1",
        "period": "2026-10",
        "progress_percent": "40%",
        "actual_cost": 100,
        "forecast_end_on": "2027-03-31",
        "confidence": 3,
    }
    answer = api.post("updates/", body)
    assert answer.status_code == 201, answer.content
    row = answer.json()
    assert (row["state"], row["period"], row["progress_percent"]) == (
        "draft",
        "2026-10-01",
        "40.00",
    )
    return str(row["url"]).removeprefix("/api/v1/")


def _error(answer: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = answer.json()["error"]
    return found


def test_a_report_goes_from_draft_to_approval(world: World, pjmo: User, pmo: User) -> None:
    author, office = Api.of(pjmo), Api.of(pmo)
    path = _drafted(author)
    submitted = author.post(f"{path}submit/")
    assert (submitted.status_code, submitted.json()["state"]) == (200, "submitted")
    assert submitted.json()["submitted_by"] == "pjmo"
    returned = office.post(f"{path}return/", {"version": 2, "reason": "進捗の根拠がない"})
    assert returned.json()["state"] == "returned"
    assert AuditEvent.objects.get(verb="update.returned").reason == "進捗の根拠がない"
    version = returned.json()["version"]
    changed = author.patch(path, {"version": version, "narrative": "根拠を添えた"})
    assert changed.status_code == 200
    assert author.post(f"{path}submit/").status_code == 200
    version = office.get(path).json()["version"]
    stale = office.post(f"{path}approve/", {"version": version - 1})
    assert stale.status_code == 409, "nobody approves what they have not read"
    assert list(_error(office.post(f"{path}approve/"))["fields"]) == ["version"]
    approved = office.post(f"{path}approve/", {"version": version}).json()
    assert (approved["state"], approved["approved_by"]) == ("approved", "pmo")


def test_a_report_that_was_handed_over_stays_as_it_is(world: World, pjmo: User, pmo: User) -> None:
    author = Api.of(pjmo)
    path = _drafted(author)
    author.post(f"{path}submit/")
    answer = author.patch(path, {"version": 2, "narrative": "x"})
    assert (answer.status_code, _error(answer)["code"]) == (400, "refused")
    again = author.post(f"{path}submit/")
    assert (again.status_code, _error(again)["code"]) == (400, "refused")


def test_each_step_belongs_to_its_role(world: World, actors: dict[Role, User]) -> None:
    update = factories.MonthlyUpdateFactory.create(project=world.project)
    foreign = factories.MonthlyUpdateFactory.create(project=world.other_project)
    steps = {"submit": {Role.PJMO}, "approve": {Role.PMO}, "return": {Role.PMO}}
    readers = {role for role in Role if role not in {Role.ACCOUNTING, Role.HR}}
    readers -= {Role.PUBLIC_RELATIONS}
    for role, user in actors.items():
        api = Api.of(user)
        for step, allowed in steps.items():
            MonthlyUpdate.objects.filter(pk=update.pk).update(
                state=UpdateState.DRAFT if step == "submit" else UpdateState.SUBMITTED,
                version=update.version,
                submitted_at=update.updated_at,
                submitted_by=None,
            )
            seen = {} if step == "submit" else {"version": update.version}
            said = {"reason": "x"} if step == "return" else {}
            answer = api.post(f"updates/{update.pk}/{step}/", {**seen, **said})
            if role in allowed:
                assert answer.status_code == 200, (role, step, answer.content)
            else:
                assert answer.status_code == (403 if role in readers else 404), (role, step)
            everywhere = role in {Role.CIO_OFFICE, Role.ADVISOR, Role.AUDITOR}
            elsewhere = api.post(f"updates/{foreign.pk}/{step}/")
            assert elsewhere.status_code == (403 if everywhere else 404), (role, step)


def test_nobody_approves_their_own_report(world: World, pjmo: User) -> None:
    factories.MembershipFactory.create(user=pjmo, role=Role.PMO, agency=world.home)
    api = Api.of(pjmo)
    path = _drafted(api)
    api.post(f"{path}submit/")
    answer = api.post(f"{path}approve/", {"version": 2})
    assert (answer.status_code, _error(answer)["message"]) == (
        400,
        "Nobody approves their own report.",
    )


def test_a_return_says_why_and_a_step_takes_nothing_else(
    world: World, pjmo: User, pmo: User
) -> None:
    author, office = Api.of(pjmo), Api.of(pmo)
    path = _drafted(author)
    assert _error(author.post(f"{path}submit/", {"state": "approved"}))["fields"] == {
        "state": ["Unknown field."]
    }
    author.post(f"{path}submit/")
    for body in ({}, {"reason": ""}, {"reason": " "}, {"reason": None}, {"reason": "x" * 2001}):
        told = _error(office.post(f"{path}return/", {"version": 2, **body}))
        assert list(told["fields"]) == ["reason"]
    assert MonthlyUpdate.objects.get().state == UpdateState.SUBMITTED
    assert office.get(f"{path}approve/").status_code == 405


def test_the_state_is_no_field_to_write(world: World, pjmo: User) -> None:
    api = Api.of(pjmo)
    body = {"project": "HOME-P1", "period": "2026-10-01", "state": "approved"}
    assert _error(api.post("updates/", body))["fields"] == {"state": ["This field is read-only."]}
