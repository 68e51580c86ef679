"""Who may do what, asked of the one table."""

from datetime import date

import pytest

from governance.access import (
    GRANTS,
    GRANTS_TABLE,
    Action,
    Held,
    Reach,
    Resource,
    Rights,
    Role,
    Scope,
    can,
    can_somewhere,
    forget_rights,
    load_rights,
    rights_of,
)
from governance.access import _parse as parse
from governance.models import Agency, Membership, RoleTerm, User
from projects.models import CostLine, Project, Review, System
from projects.models.choices import ReviewLayer, Stage
from tests import factories
from tests.conftest import World


def test_every_resource_has_a_row_and_the_auditor_reads_all_and_writes_nothing() -> None:
    for resource in Resource:
        grant = GRANTS[resource][Role.AUDITOR]
        assert grant.scope is Scope.ALL, resource
        assert grant.actions == {Action.READ}, resource


def test_the_table_is_read_cell_by_cell() -> None:
    """Who reads the table reads what holds: nothing is dropped, and nothing passes unread."""
    assert parse(GRANTS_TABLE) == GRANTS
    header, *rows = GRANTS_TABLE.strip().splitlines()
    with pytest.raises(ValueError, match="cio_office"):
        parse("\n".join([header.replace("pmo", "boss"), *rows]))
    with pytest.raises(ValueError, match="SCENARIO"):
        parse("\n".join([header, *(row for row in rows if not row.startswith("scenario"))]))
    with pytest.raises(ValueError, match="shorter"):
        parse("\n".join([header, rows[0].rpartition("|")[0], *rows[1:]]))


def test_a_cell_is_a_scope_and_letters() -> None:
    line = next(row for row in GRANTS_TABLE.splitlines() if row.startswith("update"))
    names, cells = GRANTS_TABLE.strip().splitlines()[0].split("|")[1:], line.split("|")[1:]
    for name, cell in zip(names, cells, strict=True):
        grant = GRANTS[Resource.UPDATE].get(Role(name.strip()))
        if cell.strip() == "-":
            assert grant is None
        else:
            scope, letters = cell.split()
            assert grant is not None
            assert (grant.scope.value, {one.value for one in grant.actions}) == (
                scope,
                set(letters),
            )


def test_where_a_right_reaches_follows_from_every_role_that_is_held() -> None:
    """Scopes: everything; the own agencies, or that of the own project; the own project."""
    office = Held(Role.PMO, agency_ids=frozenset({1, 2}))
    team = Held(Role.PJMO, project_id=7, project_agency_id=3)
    second = Held(Role.PJMO, project_id=8, project_agency_id=4)
    reach = Rights((office, team, second)).reach
    assert reach(Resource.UPDATE, Action.READ) == Reach(
        agency_ids=frozenset({1, 2}), project_ids=frozenset({7, 8})
    )
    assert reach(Resource.UPDATE, Action.APPROVE) == Reach(agency_ids=frozenset({1, 2}))
    # A project's people read the plan of its agency.
    assert Rights((team, second)).reach(Resource.PLAN, Action.READ) == Reach(
        agency_ids=frozenset({3, 4})
    )
    assert not Rights((Held(Role.PJMO),)).reach(Resource.PLAN, Action.READ)
    assert not Rights((Held(Role.PJMO),)).reach(Resource.UPDATE, Action.READ)
    all_ = Rights((team, Held(Role.CIO_OFFICE), office)).reach(Resource.UPDATE, Action.READ)
    assert all_ == Reach(everything=True)
    assert not Rights().reach(Resource.UPDATE, Action.READ)


def test_whoever_may_write_may_also_read() -> None:
    for resource, row in GRANTS.items():
        for role, grant in row.items():
            assert Action.READ in grant.actions, (resource, role)


def test_only_accounting_files_execution() -> None:
    writers = {
        role
        for role, grant in GRANTS[Resource.EXECUTION].items()
        if grant.actions & {Action.CREATE, Action.EDIT}
    }
    assert writers == {Role.ACCOUNTING}


def test_government_wide_roles_see_every_system(world: World, cio: User) -> None:
    assert System.objects.visible_to(cio).count() == 3


def test_a_ministry_sees_itself_and_its_sub_agencies_only(world: World, pmo: User) -> None:
    seen = set(System.objects.visible_to(pmo).values_list("system_id", flat=True))
    assert seen == {"HOME-1", "SUB-1"}


def test_a_project_office_sees_its_project_and_the_systems_of_it(world: World, pjmo: User) -> None:
    assert list(Project.objects.visible_to(pjmo)) == [world.project]
    assert list(System.objects.visible_to(pjmo)) == [world.system]


def test_a_row_reached_by_two_ways_comes_once(world: World, pjmo: User) -> None:
    second = factories.ProjectFactory.create(agency=world.home, systems=[world.system])
    factories.MembershipFactory.create(user=pjmo, role=Role.PJMO, project=second)
    assert list(System.objects.visible_to(pjmo)) == [world.system]


def test_without_a_role_one_sees_nothing(world: World, outsider: User) -> None:
    assert not System.objects.visible_to(outsider).exists()
    assert not Agency.objects.visible_to(outsider).exists()
    assert not can_somewhere(outsider, Action.READ, Resource.SYSTEM)


def test_a_superuser_has_no_rights_without_a_membership(world: World) -> None:
    root = User.objects.create_superuser("root", password="x")
    assert not System.objects.visible_to(root).exists()


def test_an_inactive_person_has_no_rights(world: World, cio: User) -> None:
    cio.is_active = False
    assert not System.objects.visible_to(cio).exists()


@pytest.mark.parametrize(
    ("on", "counts"),
    [
        (date(2026, 3, 31), False),
        (date(2026, 4, 1), True),
        (date(2027, 3, 31), True),
        (date(2027, 4, 1), False),
    ],
)
def test_a_membership_counts_from_its_first_to_its_last_day(
    world: World, on: date, *, counts: bool
) -> None:
    user = factories.UserFactory.create()
    factories.MembershipFactory.create(
        user=user,
        role=Role.PMO,
        agency=world.home,
        valid_from=date(2026, 4, 1),
        valid_to=date(2027, 3, 31),
    )
    assert bool(load_rights(user, on=on).roles()) is counts


def test_a_role_that_was_dropped_gives_no_rights_after_its_last_day(
    world: World, cio: User
) -> None:
    RoleTerm.objects.create(role=Role.CIO_OFFICE, name="政府CIO室", valid_to=date(2021, 8, 31))
    assert load_rights(cio, on=date(2021, 8, 31)).roles() == {Role.CIO_OFFICE}
    assert not load_rights(cio, on=date(2021, 9, 1)).roles()


def test_rights_are_read_once_until_forgotten(world: World, pmo: User) -> None:
    assert rights_of(pmo) is rights_of(pmo)
    Membership.objects.filter(user=pmo).delete()
    assert can(pmo, Action.READ, world.system)
    forget_rights(pmo)
    assert not can(pmo, Action.READ, world.system)


def test_budget_and_execution_lines_of_one_system_have_different_editors(
    world: World, actors: dict[Role, User]
) -> None:
    budget = factories.CostLineFactory.create(system=world.system, stage=Stage.INITIAL)
    spent = factories.CostLineFactory.create(system=world.system, stage=Stage.EXECUTED)
    editable = CostLine.objects.visible_to
    assert list(editable(actors[Role.PMO], Action.EDIT)) == [budget]
    assert list(editable(actors[Role.ACCOUNTING], Action.EDIT)) == [spent]
    assert set(editable(actors[Role.CIO_OFFICE])) == {budget, spent}
    assert not editable(actors[Role.CIO_OFFICE], Action.EDIT).exists()


def test_each_review_layer_follows_its_own_row(world: World, actors: dict[Role, User]) -> None:
    for layer in ReviewLayer:
        factories.ReviewFactory.create(system=world.system, review_type__layer=layer.value)

    def layers(role: Role) -> set[str]:
        rows = Review.objects.visible_to(actors[role], Action.EDIT)
        return set(rows.values_list("review_type__layer", flat=True))

    # Whoever answers a review may open it; which fields: tests/test_field_matrix.py.
    assert layers(Role.PMO) == {"ministry", "cio", "third_party"}
    assert layers(Role.PJMO) == {"self", "ministry", "cio", "third_party"}
    assert layers(Role.CIO_OFFICE) == {"cio", "third_party"}
    assert layers(Role.VERIFIER) == {"third_party"}


def test_the_verifier_sees_the_case_and_nothing_else(
    world: World, actors: dict[Role, User]
) -> None:
    verifier = actors[Role.VERIFIER]
    assert list(Project.objects.visible_to(verifier)) == [world.project]
    assert can(verifier, Action.READ, world.system)
    assert not can(verifier, Action.EDIT, world.system)
    assert not can(verifier, Action.READ, world.other_system)
