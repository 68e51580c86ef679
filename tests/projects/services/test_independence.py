"""A verifier stands outside, whichever step comes first and by whichever door."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q

from governance.access import Role, forget_rights
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import AccountTie, AuditEvent, Membership, User
from governance.people import ties
from projects.imports import sheets
from projects.models import Project, Review, System
from projects.models.choices import ReviewLayer
from projects.register import KINDS
from projects.services import changes, handover, independence, people, register
from tests import factories
from tests.conftest import World, act, person, signed_in
from tests.projects.imports.test_sheets import at, made, read

pytestmark = pytest.mark.django_db

ON = date(2026, 11, 24)
VENDOR = "7000012050002"


@pytest.fixture
def expert(world: World) -> User:
    """Somebody from outside, employed by a company."""
    user: User = factories.UserFactory.create(username="expert", employer_number=VENDOR)
    return user


@pytest.fixture
def hr(world: World) -> User:
    return person(Role.HR, world)


def third_party(**given: Any) -> Any:
    kind = factories.ReviewTypeFactory.create(code="third", layer=ReviewLayer.THIRD_PARTY)
    return factories.ReviewFactory.create(review_type=kind, **{"system": None, **given})


def refused(write: Callable[[], Any]) -> bool:
    """Whether a step was refused for the independence; it leaves nothing behind then."""
    try:
        with transaction.atomic():
            write()
    except ValidationError as error:
        if "A verifier stands outside." not in error.messages:
            raise
        return True
    return False


def verify(world: World, who: User) -> Membership:
    made: Membership = factories.MembershipFactory.create(
        user=who, role=Role.VERIFIER, project=world.project
    )
    return made


def give(now: datetime, user: User, role: Role, **where: Any) -> Any:
    return people.grant(act(None, now), {"user": user, "role": role, "valid_from": ON, **where})


INSIDE: list[tuple[Role, str]] = [
    (Role.PJMO, "project"),
    (Role.PMO, "home"),
    (Role.MINISTRY_CIO, "home"),
    (Role.ACCOUNTING, "home"),
    (Role.HR, "home"),
    (Role.PUBLIC_RELATIONS, "home"),
    (Role.PMO, "sub"),
]


def _where(world: World, place: str) -> dict[str, Any]:
    return {"project" if place == "project" else "agency": getattr(world, place)}


@pytest.mark.parametrize(("role", "place"), INSIDE)
def test_roles_and_verification_exclude_each_other_in_any_order(
    role: Role, place: str, world: World, expert: User, now: datetime
) -> None:
    steps = [
        lambda: give(now, expert, Role.VERIFIER, project=world.project),
        lambda: give(now, expert, role, **_where(world, place)),
    ]
    for order in permutations(steps):
        with transaction.atomic():
            assert [refused(step) for step in order] == [False, True]
            transaction.set_rollback(True)


@pytest.mark.parametrize(("role", "place"), [(Role.PMO, "other"), (Role.PJMO, "other_project")])
def test_roles_elsewhere_bar_nobody(
    role: Role, place: str, world: World, expert: User, now: datetime
) -> None:
    verify(world, expert)
    where = {"project" if "project" in place else "agency": getattr(world, place)}
    assert not refused(lambda: give(now, expert, role, **where))


def test_last_years_pjmo_does_not_verify(world: World, expert: User, now: datetime) -> None:
    factories.MembershipFactory.create(
        user=expert, role=Role.PJMO, project=world.project,
        valid_from=date(2025, 4, 1), valid_to=date(2026, 3, 31),
    )  # fmt: skip
    assert refused(lambda: give(now, expert, Role.VERIFIER, project=world.project))


def test_an_ended_verification_bars_no_later_office(
    world: World, expert: User, now: datetime
) -> None:
    appointment = verify(world, expert)
    Membership.objects.filter(pk=appointment.pk).update(valid_to=ON - timedelta(days=1))
    case = third_party(project=world.project, is_complete=False)
    office = lambda: give(now, expert, Role.PMO, agency=world.home)  # noqa: E731
    assert refused(office), "while the case is open"
    Review.objects.filter(pk=case.pk).update(is_complete=True, held_on=ON - timedelta(days=1))
    assert refused(lambda: give(now, expert, Role.PJMO, project=world.project)), "for ever"
    assert not refused(office)


def test_days_are_changed_into_no_conflict(
    world: World, expert: User, pmo: User, now: datetime
) -> None:
    appointment = verify(world, expert)
    Membership.objects.filter(pk=appointment.pk).update(valid_to=ON)
    role = factories.MembershipFactory.create(
        user=expert, role=Role.PUBLIC_RELATIONS, agency=world.home, valid_from=ON + timedelta(1)
    )
    longer = lambda: people.change(  # noqa: E731
        act(pmo, now), role.pk, {"valid_from": ON}, version=1
    )
    assert refused(longer)


def test_no_hand_over_into_a_conflict(
    world: World, pmo: User, pjmo: User, expert: User, now: datetime
) -> None:
    verify(world, expert)
    done = handover.hand_over(act(pmo, now), pjmo, expert, ON)
    assert done.roles == []
    assert "stands outside" in done.left[0]
    assert pjmo.memberships.get().valid_to is None


# Vendors ------------------------------------------------------------------------------------------------


def contract(pmo: User, now: datetime, world: World, **given: Any) -> Any:
    values = {"contract_id": "C-1", "title": "運用", "agency": world.home, "vendor": "架空電機",
              "vendor_number": VENDOR, "project": world.project, **given}  # fmt: skip
    forget_rights(pmo)
    return register.create(act(pmo, now), KINDS["contracts"], values)


def test_employer_contract_and_appointment_in_any_order(
    world: World, pmo: User, expert: User, now: datetime
) -> None:
    User.objects.filter(pk=expert.pk).update(employer_number="")

    def employed() -> None:
        people.set_employer(act(None, now), expert, VENDOR)

    def supplied() -> None:
        contract(pmo, now, world)

    def appointed() -> None:
        give(now, User.objects.get(pk=expert.pk), Role.VERIFIER, project=world.project)

    for order in permutations([employed, supplied, appointed]):
        with transaction.atomic():
            answers = [refused(step) for step in order]
            assert answers == [False, False, True], [step.__name__ for step in order]
            transaction.set_rollback(True)


def test_a_contract_of_the_projects_system_counts_and_its_change_too(
    world: World, pmo: User, expert: User, now: datetime
) -> None:
    verify(world, expert)
    of_system = {"project": None, "system": world.system}
    assert refused(lambda: contract(pmo, now, world, **of_system))
    other = contract(pmo, now, world, vendor_number="8000012010038", **of_system)

    def change(number: str) -> None:
        """What was awarded is corrected by two."""
        asked = changes.request(
            act(pmo, now, "法人番号の誤りを訂正する"), KINDS["contracts"], other.pk,
            {"vendor_number": number},
        )  # fmt: skip
        changes.approve(act(None, now), asked.pk)

    assert refused(lambda: change(VENDOR))
    assert not refused(lambda: change(""))


def test_a_system_with_the_vendor_is_not_linked(
    world: World, pmo: User, expert: User, now: datetime
) -> None:
    second = factories.SystemFactory.create(system_id="HOME-2", agency=world.home)
    factories.ContractFactory.create(system=second, agency=world.home, vendor_number=VENDOR)
    verify(world, expert)
    assert refused(
        lambda: register.edit(
            act(pmo, now), KINDS["projects"], world.project.pk,
            {"systems": [world.system, second]}, version=world.project.version,
        )
    )  # fmt: skip


def test_a_project_is_not_moved_under_its_verifier(
    world: World, pmo: User, expert: User, now: datetime
) -> None:
    verify(world, expert)
    factories.MembershipFactory.create(user=expert, role=Role.PUBLIC_RELATIONS, agency=world.other)
    factories.MembershipFactory.create(user=pmo, role=Role.PMO, agency=world.other)
    move = lambda: register.edit(  # noqa: E731
        act(pmo, now), KINDS["projects"], world.project.pk, {"agency": world.other},
        version=Project.objects.get(pk=world.project.pk).version,
    )  # fmt: skip
    assert refused(move)
    Membership.objects.filter(user=expert, role=Role.PUBLIC_RELATIONS).delete()
    assert not refused(move)


def place_below(world: World, cio: User, now: datetime) -> None:
    """The home ministry comes below the other one: asked for by one, agreed to by another."""
    why = "組織の再編により移管する"
    asked = changes.request(
        act(cio, now, why), KINDS["agencies"], world.home.pk, {"parent": world.other}
    )
    changes.approve(act(None, now), asked.pk)


def test_an_agency_is_not_placed_above_a_verifiers_office(
    world: World, cio: User, expert: User, now: datetime
) -> None:
    verify(world, expert)
    factories.MembershipFactory.create(user=expert, role=Role.HR, agency=world.other)
    assert refused(lambda: place_below(world, cio, now))


def test_a_file_brings_no_vendor_of_a_verifier(
    world: World, pmo: User, expert: User, now: datetime
) -> None:
    verify(world, expert)
    other = factories.ContractFactory.create(
        contract_id="C-9", agency=world.home, project=world.project
    )
    book = read(sheets.template(pmo, on=ON, language="en"))
    sheet = book["Contracts"]
    sheet[2][at(sheet, "vendor_number")] = VENDOR
    checked = sheets.check(made(book), file_name="a.xlsx", kind="", user=pmo, on=ON)
    assert checked.errors == []
    with pytest.raises(DomainError, match="expert belongs to a vendor"), transaction.atomic():
        sheets.commit(act(pmo, now), checked)
    other.refresh_from_db()
    assert other.vendor_number == ""


@pytest.mark.parametrize("named", ["system", "project"])
@pytest.mark.parametrize("supplied", ["system", "project"])
def test_a_body_that_reviews_supplies_nothing_around_it(
    named: str, supplied: str, world: World, pmo: User, now: datetime
) -> None:
    """Project and system are linked: a contract of either bars the reviewer of either."""
    third_party(**{named: getattr(world, named)}, reviewer="検証社", reviewer_number=VENDOR)
    where = {"system": None, "project": None, supplied: getattr(world, supplied)}
    with pytest.raises(ValidationError, match="検証社 belongs to a vendor"):
        contract(pmo, now, world, **where)


def test_a_body_that_reviews_may_supply_what_is_not_linked(
    world: World, pmo: User, now: datetime
) -> None:
    third_party(system=world.system, reviewer_number=VENDOR)
    apart = factories.ProjectFactory.create(
        code="HOME-P7", agency=world.home, systems=[world.sub_system]
    )
    assert not refused(lambda: contract(pmo, now, world, project=apart))
    assert not refused(
        lambda: contract(pmo, now, world, contract_id="C-2", project=None, system=world.sub_system)
    )


def test_a_project_that_the_reviewer_supplies_is_not_linked_to_the_system(
    world: World, pmo: User, now: datetime
) -> None:
    third_party(system=world.sub_system, reviewer="検証社", reviewer_number=VENDOR)
    contract(pmo, now, world)
    with pytest.raises(ValidationError, match="検証社 belongs to a vendor"):
        register.edit(
            act(pmo, now), KINDS["projects"], world.project.pk,
            {"systems": [world.sub_system]}, version=world.project.version,
        )  # fmt: skip


def test_a_system_is_not_moved_under_its_reviewer(
    world: World, pmo: User, expert: User, now: datetime
) -> None:
    factories.MembershipFactory.create(user=pmo, role=Role.PMO, agency=world.other)
    factories.MembershipFactory.create(user=expert, role=Role.HR, agency=world.other)
    review = third_party(system=world.system, reviewer_user=expert)
    move = lambda: register.edit(  # noqa: E731
        act(pmo, now), KINDS["systems"], world.system.pk, {"agency": world.other},
        version=System.objects.get(pk=world.system.pk).version,
    )  # fmt: skip
    assert refused(move)
    Review.objects.filter(pk=review.pk).update(
        is_complete=True, held_on=date(2020, 1, 1), reviewer_user=None
    )
    assert not refused(move)


def test_a_review_that_ended_bars_the_reviewer_from_no_later_office(
    world: World, expert: User, now: datetime
) -> None:
    review = third_party(
        system=world.system, reviewer_user=expert, is_complete=True, held_on=ON - timedelta(days=1)
    )
    office = lambda: give(now, expert, Role.PMO, agency=world.home)  # noqa: E731
    Review.objects.filter(pk=review.pk).update(held_on=ON)
    assert refused(office)
    Review.objects.filter(pk=review.pk).update(held_on=ON - timedelta(days=1))
    assert not refused(office)


def test_however_many_verify_the_cost_is_the_same(
    world: World, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        verify(world, factories.UserFactory.create(username=f"v{number}"))
        third_party(
            system=world.system, reviewer_user=factories.UserFactory.create(username=f"r{number}")
        )
        factories.ReviewFactory.create(system=world.system, review_type__layer=ReviewLayer.SELF)
    everything = Q(pk__isnull=False)
    with django_assert_num_queries(3):
        found = independence.appointments(everything, everything)
        assert {str(one) for one in found} == {"v0", "v1", "v2", "r0", "r1", "r2"}
    with django_assert_num_queries(6):
        independence.refuse_broken(found)
    with django_assert_num_queries(0):
        independence.refuse_broken([])
        independence.check_subjects()


def test_a_broken_appointment_elsewhere_stops_nobodys_work(
    world: World, pmo: User, expert: User, pjmo: User, now: datetime
) -> None:
    """Only the appointments around what was written are asked."""
    factories.MembershipFactory.create(user=expert, role=Role.PJMO, project=world.other_project)
    factories.MembershipFactory.create(user=expert, role=Role.VERIFIER, project=world.other_project)
    assert not refused(lambda: contract(pmo, now, world, vendor_number="8000012010038"))


def test_the_review_of_a_system_moves_with_its_agency(
    world: World, cio: User, expert: User, now: datetime
) -> None:
    factories.MembershipFactory.create(user=expert, role=Role.HR, agency=world.other)
    third_party(system=world.system, reviewer_user=expert)
    assert refused(lambda: place_below(world, cio, now))


def test_a_reviewer_named_in_words_of_old_bars_no_other_change(
    world: World, cio: User, now: datetime
) -> None:
    review = third_party(project=world.project, reviewer="旧検証社", due_on=None)
    verifier = person(Role.VERIFIER, world)
    register.edit(
        act(verifier, now), KINDS["reviews"], review.pk, {"is_complete": True, "held_on": ON},
        version=1,
    )  # fmt: skip


# Reviewers that a review names ------------------------------------------------------------------------


def test_a_third_party_review_says_who_verifies(world: World, now: datetime) -> None:
    review = third_party(project=world.project)
    verifier = person(Role.VERIFIER, world)
    edit = lambda values: register.edit(  # noqa: E731
        act(verifier, now), KINDS["reviews"], review.pk, values,
        version=Review.objects.get(pk=review.pk).version,
    )  # fmt: skip
    with pytest.raises(ValidationError, match="Say who verifies"), transaction.atomic():
        edit({"reviewer": "架空電機"})
    factories.ContractFactory.create(
        contract_id="C-2", agency=world.home, project=world.project,
        vendor="架空電機", vendor_number=VENDOR,
    )  # fmt: skip
    assert refused(lambda: edit({"reviewer": "検証社", "reviewer_number": VENDOR}))
    # The vendor under another body's number is still the vendor.
    assert refused(lambda: edit({"reviewer": "架空 電機", "reviewer_number": "8000012010038"}))
    assert not refused(lambda: edit({"reviewer": "検証社", "reviewer_number": "8000012010038"}))
    with pytest.raises(ValidationError, match="first digit"), transaction.atomic():
        edit({"reviewer_number": "1000012010038"})


def test_a_pjmo_is_named_by_no_form_and_no_api(
    world: World, pmo: User, pjmo: User, now: datetime
) -> None:
    kind = factories.ReviewTypeFactory.create(code="third", layer=ReviewLayer.THIRD_PARTY)
    client = signed_in(pmo)
    values = {
        "review_type": kind.code, "project": world.project.code, "fiscal_year": 2026,
        "reviewer_user": "pjmo",
    }  # fmt: skip
    by_api = client.post("/api/v1/reviews/", values, content_type="application/json")
    assert by_api.status_code == 400
    assert "stands outside" in by_api.content.decode()
    by_form = client.post("/reviews/new/", values)
    assert by_form.status_code == 422
    assert "pjmo is or was in the PJMO of the project" in by_form.content.decode()
    assert not Review.objects.exists()


def test_a_pjmo_is_named_by_no_request(
    world: World, pmo: User, pjmo: User, cio: User, now: datetime
) -> None:
    review = third_party(project=world.project)
    asked = Act(pmo, now, "test", "the body has no time")
    change = changes.request(asked, KINDS["reviews"], review.pk, {"reviewer_user": pjmo})
    assert refused(lambda: changes.approve(act(cio, now), change.pk))
    assert Review.objects.get().reviewer_user is None


def test_a_named_reviewer_gets_no_office(world: World, expert: User, now: datetime) -> None:
    third_party(system=world.system, reviewer_user=expert)
    assert refused(lambda: give(now, expert, Role.ACCOUNTING, agency=world.home))
    assert not refused(lambda: give(now, expert, Role.ACCOUNTING, agency=world.other))


def test_other_layers_name_whom_they_like(world: World, pmo: User, pjmo: User, now: Any) -> None:
    kind = factories.ReviewTypeFactory.create(code="own", layer=ReviewLayer.MINISTRY)
    review = factories.ReviewFactory.create(review_type=kind, system=None, project=world.project)
    register.edit(act(pmo, now), KINDS["reviews"], review.pk,
                  {"reviewer": "PMO", "reviewer_user": pjmo}, version=1)  # fmt: skip


# Verifiers in other people's hands ----------------------------------------------------------------------


def test_a_verifier_whose_account_is_in_hand_writes_nothing(
    world: World, pmo: User, now: datetime
) -> None:
    puppet = people.add_person(act(pmo, now - timedelta(days=2)), username="puppet",
                               display_name="", email="", language="en")  # fmt: skip
    factories.MembershipFactory.create(
        user=puppet, role=Role.VERIFIER, project=world.project, valid_from=ON
    )
    review = third_party(project=world.project)
    write = lambda at: register.edit(  # noqa: E731
        act(puppet, at), KINDS["reviews"], review.pk, {"remarks": "良好"},
        version=Review.objects.get(pk=review.pk).version,
    )  # fmt: skip
    with pytest.raises(DomainError, match="Confirm your own identity first"), transaction.atomic():
        write(now)
    ties.prove(act(puppet, now), puppet)
    write(now + timedelta(minutes=1))
    ties.tie(act(pmo, now + timedelta(hours=1)), puppet, AccountTie.Kind.RESET)
    with pytest.raises(DomainError, match="Confirm your own identity first"), transaction.atomic():
        register.create(
            act(puppet, now + timedelta(hours=2)), KINDS["findings"],
            {"review": review, "category": "schedule", "weight": "major", "text": "x"},
        )  # fmt: skip


@pytest.mark.parametrize("owner", ["home", "other"])
def test_a_verifier_in_hand_writes_on_no_system_either(
    world: World, pmo: User, other_pmo: User, expert: User, now: datetime, owner: str
) -> None:
    """A system's review has no project: the office of the system, and that of the project by which
    one verifies, are both inside."""
    world.project.systems.set([world.system])
    verify(world, expert)
    review = third_party(system=world.system)
    if owner == "other":
        System.objects.filter(pk=world.system.pk).update(agency=world.other)
    write = lambda at: register.edit(  # noqa: E731
        act(expert, at), KINDS["reviews"], review.pk, {"remarks": f"{at}"},
        version=Review.objects.get(pk=review.pk).version,
    )  # fmt: skip
    write(now)
    insiders = [pmo] if owner == "home" else [pmo, other_pmo]
    for number, insider in enumerate(insiders):
        at = now + timedelta(hours=2 * number + 1)
        ties.tie(act(insider, at), expert, AccountTie.Kind.LINK_SEEN)
        with pytest.raises(DomainError, match="Confirm your own identity"), transaction.atomic():
            write(at + timedelta(minutes=1))
        ties.prove(act(expert, at + timedelta(minutes=2)), expert)
        write(at + timedelta(minutes=3))


def test_employers_are_written_by_the_persons_own_office(
    world: World, pmo: User, other_pmo: User, pjmo: User, now: datetime
) -> None:
    with pytest.raises(PermissionDenied), transaction.atomic():
        people.set_employer(act(other_pmo, now), pjmo, VENDOR)
    client = signed_in(pmo)
    wrong = client.post("/people/p/pjmo/employer/", {"number": "123"})
    assert "A corporate number has 13 digits." in wrong.content.decode()
    assert client.post("/people/p/pjmo/employer/", {"number": VENDOR}).status_code == 302
    assert VENDOR in client.get("/people/p/pjmo/").content.decode()
    assert AuditEvent.objects.get(verb="user.employer_changed").actor == pmo
    with pytest.raises(DomainError, match="their own employer"):
        people.set_employer(act(pmo, now), pmo, VENDOR)
