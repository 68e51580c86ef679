"""A row that no rule can be asked about: left out, named, and in nobody's way."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from governance.access import Role
from governance.audit import Act
from governance.models import AuditEvent, Notice
from projects.models import RiskFlag
from projects.notice_text import words
from projects.services import due, flags
from projects.services.judges import JUDGES
from tests import factories
from tests.conftest import World, person

pytestmark = pytest.mark.django_db

AS_OF = date(2026, 11, 24)
ACT = Act(user=None, at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC), source="test")


def standing() -> set[tuple[Any, ...]]:
    return set(RiskFlag.objects.values_list("rule_id", "system_id", "project_id", "review_id"))


def _breaks_on(monkeypatch: pytest.MonkeyPatch, broken: set[int]) -> None:
    """Systems of these numbers hold what no rule foresaw."""
    real = {subject: judge for subject, _model, judge in JUDGES}["system"]

    def judge(ids: Any, book: Any, as_of: date) -> Any:
        if found := broken & set(ids):
            raise OverflowError(found)
        return real(ids, book, as_of)

    judges = [
        (subject, model, judge if subject == "system" else old) for subject, model, old in JUDGES
    ]
    monkeypatch.setattr("projects.services.flags.JUDGES", judges)


def test_a_row_that_cannot_be_judged_is_left_out_and_named(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    systems = [factories.SystemFactory.create(agency=world.home) for _n in range(7)]
    monkeypatch.setattr(flags, "CHUNK", 5)
    flags.recompute_all(ACT, as_of=AS_OF)
    whole = standing()
    RiskFlag.objects.all().delete()
    _breaks_on(monkeypatch, {systems[3].pk})
    run = flags.recompute_all(ACT, as_of=AS_OF)
    assert [(subject, pk) for subject, pk, _error in run.left_out] == [("system", systems[3].pk)]
    assert f"system #{systems[3].pk} could not be judged" in caplog.text
    assert "OverflowError" in caplog.text
    others = {flag for flag in whole if flag[1] != systems[3].pk}
    assert others
    assert standing() == others
    assert run.opened == len(others)
    event = AuditEvent.objects.order_by("seq").last()
    assert event is not None
    assert event.after is not None
    assert event.after["left_out"] == [f"system #{systems[3].pk}"]


def test_a_rule_that_fails_everywhere_fails_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    systems = [factories.SystemFactory.create(agency=world.home) for _n in range(5)]
    monkeypatch.setattr(flags, "MOST_LEFT_OUT", 3)
    _breaks_on(monkeypatch, {system.pk for system in systems})
    with pytest.raises(OverflowError):
        flags.recompute_all(ACT, as_of=AS_OF)
    assert not RiskFlag.objects.exists()


def test_the_daily_job_tells_the_office_what_it_left_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    cio = person(Role.CIO_OFFICE, world)
    _breaks_on(monkeypatch, {world.system.pk})
    for hour in (3, 5):
        due.judge(datetime(2026, 11, 24, hour, tzinfo=UTC))
    notice = Notice.objects.get(user=cio)
    assert words(notice.kind, notice.args).startswith(
        f"The regular job “judge” left out system #{world.system.pk} (OverflowError)"
    )
    assert RiskFlag.objects.filter(system=world.other_system).exists()
