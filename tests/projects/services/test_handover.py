"""Work belongs to accounts: no name passes it on, and a hand-over stays within the actor's reach."""

from datetime import date, datetime
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from governance import audit
from governance.access import Role
from governance.models import AuditEvent, RoleRequest, User
from projects.models import Finding, Risk
from projects.register import KINDS
from projects.services import handover, register
from tests import factories
from tests.conftest import World, act, signed_in

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 24)


@pytest.fixture
def newcomer(db: None) -> User:
    return factories.UserFactory.create(username="newcomer", display_name="新人")


def finding(system: Any, **given: Any) -> Any:
    review = factories.ReviewFactory.create(system=system)
    return factories.FindingFactory.create(review=review, **given)


def test_a_name_owns_nothing(
    world: World, pmo: User, other_pmo: User, newcomer: User, now: datetime
) -> None:
    """An account called "PJMO" used to be given the findings of the whole government."""
    pretender = factories.UserFactory.create(username="PJMO", display_name="PJMO")
    factories.MembershipFactory.create(user=pretender, role=Role.PJMO, project=world.project)
    here = finding(world.system, owner="PJMO")
    there = finding(world.other_system, owner="PJMO")
    page = signed_in(pmo).get("/people/p/PJMO/hand-over/").content.decode()
    assert "Open risks and findings in this name: 0." in page
    done = handover.hand_over(act(pmo, now), pretender, newcomer, ON)
    assert (done.work, done.left) == ([], [])
    for item in (here, there):
        item.refresh_from_db()
        assert (item.owner, item.owner_user) == ("PJMO", None)


def test_what_lies_elsewhere_is_not_named_or_counted(
    world: World, pmo: User, pjmo: User, newcomer: User, now: datetime
) -> None:
    secret = finding(world.other_system, owner_user=pjmo, text="別省の機密")
    finding(world.system, owner_user=pjmo, text="内務の指摘")
    Finding.objects.update(answer="")
    factories.MembershipFactory.create(user=pjmo, role=Role.PJMO, project=world.other_project)
    client = signed_in(pmo)
    page = client.get("/people/p/pjmo/hand-over/").content.decode()
    assert "別省" not in page
    done = client.post("/people/p/pjmo/hand-over/", {"successor": "newcomer", "on": "2026-11-24"})
    assert "別省" not in done.content.decode()
    assert "別省" not in client.get("/people/p/pjmo/").content.decode()
    secret.refresh_from_db()
    assert secret.owner_user == pjmo


def test_both_people_lie_within_reach(
    world: World, pmo: User, pjmo: User, other_pmo: User, now: datetime
) -> None:
    with pytest.raises(PermissionDenied):
        handover.hand_over(act(pmo, now), other_pmo, pjmo, ON)
    with pytest.raises(PermissionDenied):
        handover.hand_over(act(pmo, now), pjmo, other_pmo, ON)
    foreign = signed_in(pmo).post("/people/p/pjmo/hand-over/",
                                  {"successor": "other_pmo", "on": "2026-11-24"})  # fmt: skip
    assert "There is no account of this name that you can see." in foreign.content.decode()


def test_a_role_that_decides_is_asked_for(
    world: World, pmo: User, newcomer: User, now: datetime
) -> None:
    colleague = factories.UserFactory.create(username="pmo2")
    factories.MembershipFactory.create(user=colleague, role=Role.PMO, agency=world.home)
    done = handover.hand_over(act(pmo, now), colleague, newcomer, ON)
    assert (done.roles, len(done.asked)) == ([], 1)
    assert colleague.memberships.get().valid_to == ON
    assert not newcomer.memberships.exists()
    assert RoleRequest.objects.get().valid_from == date(2026, 11, 25)
    assert list(audit.verify()) == []


# Owners by account --------------------------------------------------------------------------------------


def test_an_owner_is_chosen_among_people_in_sight(world: World, pmo: User, pjmo: User) -> None:
    risk = factories.RiskFactory.create(project=world.project)
    client = signed_in(pmo)
    form = client.get(f"/risks/{risk.pk}/edit/")
    assert '<option value="pjmo">' in form.content.decode()
    fields = form.context["form"]
    data = {name: fields[name].value() or "" for name in fields.fields}
    data |= {f"initial-{name}": data[name] for name in fields.fields}
    assert client.post(f"/risks/{risk.pk}/edit/", {**data, "owner_user": "pjmo"}).status_code == 302
    assert Risk.objects.get().owner_user == pjmo
    assert "pjmo" in client.get("/risks/").content.decode()
    told = AuditEvent.objects.get(verb="risk.edited")
    assert told.after is not None
    assert told.after["owner_user_id"] == pjmo.pk
    again = client.get(f"/risks/{risk.pk}/edit/").context["form"]
    assert again["owner_user"].value() == "pjmo"


def test_nobody_out_of_sight_is_named_by_any_door(
    world: World, pmo: User, other_pmo: User, now: datetime
) -> None:
    risk = factories.RiskFactory.create(project=world.project)
    client = signed_in(pmo)
    for name in ("other_pmo", "nobody"):
        by_api = client.patch(f"/api/v1/risks/{risk.pk}/", {"owner_user": name, "version": 1},
                              content_type="application/json")  # fmt: skip
        assert by_api.status_code == 400
        assert f"There is no “{name}” here, or not for you." in by_api.content.decode()
    with pytest.raises(ValidationError, match="not open to you"), transaction.atomic():
        register.edit(act(pmo, now), KINDS["risks"], risk.pk, {"owner_user": other_pmo}, version=1)


def test_an_owner_in_the_api_is_a_user_name(world: World, pmo: User, pjmo: User) -> None:
    risk = factories.RiskFactory.create(project=world.project)
    client = signed_in(pmo)
    done = client.patch(f"/api/v1/risks/{risk.pk}/", {"owner_user": "pjmo", "version": 1},
                        content_type="application/json")  # fmt: skip
    assert done.json()["owner_user"] == "pjmo"


def test_lists_of_work_cost_the_same_for_three_and_for_thirty(
    world: World, pmo: User, pjmo: User
) -> None:
    client, counts = signed_in(pmo), []
    for more in (3, 27):
        for _number in range(more):
            factories.RiskFactory.create(project=world.project, owner_user=pjmo)
        with CaptureQueriesContext(connection) as found:
            assert client.get("/risks/").status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]
