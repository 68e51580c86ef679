"""Who stands outside of what is verified: a pure question."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.access import Role
from projects.metrics.independence import (
    INSIDE,
    Bar,
    Post,
    Subject,
    Verifier,
    conflicts,
    family,
)

SUBJECT = Subject(
    frozenset({1}), frozenset({10}), frozenset({"7000012050002"}), frozenset({"acme"})
)


def test_inside_are_all_roles_of_a_body() -> None:
    assert set(Role) >= INSIDE
    outside = {Role.CIO_OFFICE, Role.ADVISOR, Role.AUDITOR, Role.VERIFIER}
    assert set(Role) - INSIDE == outside


def test_nobody_with_no_ties_is_barred() -> None:
    assert conflicts(SUBJECT, Verifier()) == ()
    assert conflicts(SUBJECT, Verifier((Post("verifier", 10, 1),))) == ()
    assert conflicts(SUBJECT, Verifier((Post("pmo", 11),), "8000012010038", "Beta")) == ()


@pytest.mark.parametrize("role", sorted(INSIDE))
def test_any_role_in_the_body_bars(role: str) -> None:
    assert conflicts(SUBJECT, Verifier((Post(role, 10),))) == (Bar.OFFICE,)


def test_a_vendor_is_known_by_number_or_name() -> None:
    assert conflicts(SUBJECT, Verifier(number="7000012050002")) == (Bar.VENDOR,)
    assert conflicts(SUBJECT, Verifier(name="ＡＣ ＭＥ")) == (Bar.VENDOR,)
    assert conflicts(replace(SUBJECT, vendor_names=frozenset({""})), Verifier(name="")) == ()


def test_posts_count_up_to_the_end_of_the_appointment() -> None:
    until = date(2026, 3, 31)
    later = Post("pmo", 10, starts=date(2026, 4, 1))
    assert conflicts(SUBJECT, Verifier((later,), until=until)) == ()
    last_day = replace(later, starts=until)
    assert conflicts(SUBJECT, Verifier((last_day,), until=until)) == (Bar.OFFICE,)
    assert conflicts(SUBJECT, Verifier((later,))) == (Bar.OFFICE,)


def test_the_very_project_bars_for_ever() -> None:
    post = Post("pjmo", 99, 1, date(2030, 1, 1))
    assert conflicts(SUBJECT, Verifier((post,), until=date(2026, 3, 31))) == (Bar.PROJECT,)


def test_a_family_is_above_and_below_and_not_beside() -> None:
    parents = {1: None, 2: 1, 3: 2, 4: 2, 5: 1}
    assert family([2], parents) == {1, 2, 3, 4}
    assert family([3], parents) == {1, 2, 3}


@given(st.dictionaries(st.integers(1, 6), st.none() | st.integers(1, 6)), st.integers(1, 6))
def test_a_family_is_found_in_any_tree_even_a_circle(
    parents: dict[int, int | None], pk: int
) -> None:
    assert pk in family([pk], parents)
