"""Every form of the register, sent as no browser would: an answer, never a crash.

A form begins as a sound one of a real record; some of its fields are then replaced by what nobody
types. `make fuzz-forms` goes deeper.
"""

import os
from collections.abc import Mapping
from typing import Any, Final

import pytest
from django.db import models, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from governance.models import User
from projects.forms.register import form_of
from projects.register import KINDS, Kind
from tests.conftest import World, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.fuzz]

EXAMPLES: Final = int(os.environ.get("FUZZ_EXAMPLES", "4"))
Pairs = Mapping[str, tuple[models.Model, models.Model]]

ODD: Final = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Co", "So"]), max_size=20),
    st.integers(-(10**40), 10**40).map(str),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.dates().map(str),
    st.sampled_from(
        [
            "\x00", "　", "\u200b", "\u202eabc", "\r\n\r\nx", "１２億円", "1e999", "0x10", "-0", "NaN",
            "9" * 5000, "=1+1", "令和99年13月", "9999-12-31", "0000-00-00", "on", "[]", "{}", "%s", "%(x)s",
            "{0.__class__}", "<script>", "../..", "2025-02-30", "９９９９年度", "\ud7ff", "🂡" * 300,
        ]
    ),
)  # fmt: skip


def _sound(kind: Kind, user: User, obj: models.Model) -> dict[str, Any]:
    """What somebody types into the form of `obj`."""
    form = form_of(kind)(user=user, on=timezone.localdate(), instance=obj)
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value not in (None, False)}


def _sent(client: Client, path: str, typed: Mapping[str, Any]) -> int:
    with transaction.atomic():  # What one form wrote is taken back.
        status = client.post(path, typed).status_code
        transaction.set_rollback(True)
    return status


def _exercise(client: Client, path: str, sound: Mapping[str, Any]) -> None:
    names = [*sound, "change_reason", "once", "draft", "unknown"]

    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.dictionaries(st.sampled_from(names), ODD, min_size=1, max_size=4))
    def answers(odd: dict[str, str]) -> None:
        assert _sent(client, path, {**sound, **odd}) < 500, odd

    answers()


@pytest.mark.parametrize("slug", KINDS)
def test_no_form_of_the_register_breaks(
    slug: str, request: pytest.FixtureRequest, world: World, pmo: User, cio: User
) -> None:
    pairs: Pairs = request.getfixturevalue("everything")
    kind, (obj, _other) = KINDS[slug], pairs[slug]
    for user in (pmo, cio):
        client, sound = signed_in(user), _sound(kind, user, obj)
        client.raise_request_exception = False
        paths = [kind.new_url(), *([kind.edit_url(obj)] if kind.is_editable else [])]
        for path in paths:
            if client.get(path).status_code == 200:
                _exercise(client, path, sound)
