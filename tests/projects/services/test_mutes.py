"""Muting: a reason, another person's consent, a day on which it ends, and an ear for worse."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from governance.access import Role
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import AuditEvent, User
from projects.metrics.risk import Severity
from projects.models import FlagMute, RiskFlag
from projects.models.choices import RequestState
from projects.selectors import Criteria, Selection, Visible
from projects.services import flags, mutes
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 24)
UNTIL = TODAY + timedelta(days=90)


def act(user: User, reason: str = "Agreed with the ministry.") -> Act:
    return Act(user=user, at=datetime(2026, 11, 24, 1, tzinfo=UTC), source="test", reason=reason)


@pytest.fixture
def flag(world: World) -> RiskFlag:
    """A cost overrun of 20 %, judged by the rules themselves."""
    factories.BaselineFactory.create(
        project=world.project, agreed_on=date(2026, 1, 1), budget_at_completion=100_000
    )
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 10, 1), approved=True,
        approved_at=datetime(2026, 11, 5, tzinfo=UTC), forecast_cost=120_000, actual_cost=1,
    )  # fmt: skip
    judge(world)
    return RiskFlag.objects.get(rule_id="cost_overrun", closed_on=None)


def judge(world: World, day: date = TODAY) -> None:
    nobody = Act(user=None, at=datetime(2026, 11, 24, 2, tzinfo=UTC), source="test")
    flags.recompute_for(nobody, as_of=day, project_ids=[world.project.pk])


def heard(user: User, day: date = TODAY) -> bool:
    rows = Selection(Visible(user), Criteria(), day).open_flags()
    return rows.filter(rule_id="cost_overrun").exists()


def muted(world: World, flag: RiskFlag) -> FlagMute:
    asked = mutes.request_mute(act(person(Role.PMO, world)), flag.pk, UNTIL)
    return mutes.approve_mute(act(person(Role.MINISTRY_CIO, world)), asked.pk)


def test_a_muted_flag_is_not_heard_until_its_day(world: World, flag: RiskFlag) -> None:
    cio = person(Role.CIO_OFFICE, world)
    assert heard(cio)
    muted(world, flag)
    assert not heard(cio)
    assert not heard(cio, UNTIL)
    assert heard(cio, UNTIL + timedelta(days=1))
    assert heard(cio, TODAY - timedelta(days=1)) is False  # It was not open on the day before.
    flag.opened_on = TODAY - timedelta(days=9)
    flag.save(update_fields=["opened_on"])
    assert heard(cio, TODAY - timedelta(days=1))  # A later muting does not change an earlier day.
    verbs = list(AuditEvent.objects.order_by("-seq").values_list("verb", flat=True)[:3])
    assert set(verbs) >= {"flagmute.requested", "flagmute.approved", "riskflag.muted"}


def test_asking_alone_mutes_nothing(world: World, flag: RiskFlag) -> None:
    pmo = person(Role.PMO, world)
    mutes.request_mute(act(pmo), flag.pk, UNTIL)
    assert heard(pmo)
    with pytest.raises(ValidationError, match="waits for a decision"):
        mutes.request_mute(act(pmo), flag.pk, UNTIL)


def test_nobody_decides_on_their_own_request(world: World, flag: RiskFlag) -> None:
    chief = person(Role.MINISTRY_CIO, world)
    asked = mutes.request_mute(act(chief), flag.pk, UNTIL)
    with pytest.raises(DomainError, match="own request"):
        mutes.approve_mute(act(chief), asked.pk)
    assert heard(chief)


@pytest.mark.parametrize("role", [Role.PMO, Role.PJMO, Role.ADVISOR, Role.AUDITOR])
def test_who_may_not_decide(role: Role, world: World, flag: RiskFlag) -> None:
    asked = mutes.request_mute(act(person(Role.MINISTRY_CIO, world)), flag.pk, UNTIL)
    with pytest.raises(PermissionDenied):
        mutes.approve_mute(act(person(role, world)), asked.pk)


def test_a_graver_flag_is_heard_again(world: World, flag: RiskFlag) -> None:
    assert flag.severity == Severity.MEDIUM
    muted(world, flag)
    report = world.project.updates.get()
    report.forecast_cost = 125_000
    report.save()
    judge(world)
    cio = person(Role.CIO_OFFICE, world)
    assert not heard(cio)  # As grave as before: only its figures changed.
    report.forecast_cost = 190_000
    report.save()
    judge(world)
    flag.refresh_from_db()
    assert (flag.severity, flag.muted_until) == (Severity.HIGH, None)
    assert heard(cio)


@pytest.mark.parametrize("days", [0, -1, 367])
def test_its_day_lies_after_today_and_within_a_year(
    days: int, world: World, flag: RiskFlag
) -> None:
    with pytest.raises(ValidationError, match="within a year"):
        mutes.request_mute(act(person(Role.PMO, world)), flag.pk, TODAY + timedelta(days=days))


def test_it_needs_a_reason_and_so_does_a_refusal(world: World, flag: RiskFlag) -> None:
    with pytest.raises(ValidationError):
        mutes.request_mute(act(person(Role.PMO, world), " "), flag.pk, UNTIL)
    asked = mutes.request_mute(act(person(Role.PJMO, world)), flag.pk, UNTIL)
    cio = person(Role.CIO_OFFICE, world)
    with pytest.raises(DomainError, match="why you reject"):
        mutes.reject_mute(act(cio, ""), asked.pk)
    mutes.reject_mute(act(cio, "It is red for a reason."), asked.pk)
    asked.refresh_from_db()
    assert asked.state == RequestState.REJECTED
    assert heard(cio)


def test_what_could_not_be_judged_and_what_has_closed_are_not_muted(
    world: World, flag: RiskFlag
) -> None:
    pmo = person(Role.PMO, world)
    flag.severity = Severity.UNKNOWN
    flag.save()
    with pytest.raises(DomainError, match="missing figures"):
        mutes.request_mute(act(pmo), flag.pk, UNTIL)
    flag.closed_on = TODAY
    flag.save()
    with pytest.raises(DomainError, match="closed meanwhile"):
        mutes.request_mute(act(pmo), flag.pk, UNTIL)


def test_what_changed_since_it_was_asked_is_asked_again(world: World, flag: RiskFlag) -> None:
    asked = mutes.request_mute(act(person(Role.PMO, world)), flag.pk, UNTIL)
    chief = act(person(Role.MINISTRY_CIO, world))
    FlagMute.objects.filter(pk=asked.pk).update(expires_on=TODAY)
    with pytest.raises(DomainError, match="day has passed"):
        mutes.approve_mute(chief, asked.pk)
    FlagMute.objects.filter(pk=asked.pk).update(expires_on=UNTIL, severity="low")
    with pytest.raises(DomainError, match="not what it was"):
        mutes.approve_mute(chief, asked.pk)


def test_a_muting_is_ended_before_its_day(world: World, flag: RiskFlag) -> None:
    muted(world, flag)
    pjmo = person(Role.PJMO, world)
    mutes.unmute(act(pjmo), flag.pk)
    assert heard(pjmo)
    with pytest.raises(DomainError, match="not muted"):
        mutes.unmute(act(pjmo), flag.pk)


# On the pages ---------------------------------------------------------------------------------------


@pytest.fixture
def standing(world: World) -> RiskFlag:
    """A flag of today, whatever the rules say."""
    today = timezone.localdate()
    return RiskFlag.objects.create(
        rule_id="no_such_rule", rule_version=1, agency=world.home, project=world.project,
        severity="high", opened_on=today, severity_since=today, judged_on=today,
    )  # fmt: skip


def post(role: Role, world: World, path: str, **data: Any) -> str:
    user = User.objects.filter(username=role.value).first() or person(role, world)
    response = signed_in(user).post(path, data, follow=True)
    return response.content.decode()


def test_ask_agree_and_hear_again_on_the_pages(world: World, standing: RiskFlag) -> None:
    page = reverse("projects:projects-detail", args=[world.project.code])
    mute = reverse("flag-mute", args=[standing.pk])
    pmo = signed_in(person(Role.PMO, world))
    assert mute in pmo.get(page).content.decode()
    until = timezone.localdate() + timedelta(days=30)
    told = post(Role.PMO, world, mute, reason="The post is filled in April.", expires_on=str(until))
    assert "Another person decides" in told
    assert "Agree to mute it" not in told
    chief = signed_in(person(Role.MINISTRY_CIO, world))
    assert "The post is filled in April." in chief.get(mute).content.decode()
    approve = reverse("mute-approve", args=[FlagMute.objects.get().pk])
    assert "The flag is muted." in post(Role.MINISTRY_CIO, world, approve)
    assert f"Muted until {until}" in pmo.get(page).content.decode()
    heard_again = post(Role.PMO, world, reverse("flag-unmute", args=[standing.pk]))
    assert "heard again" in heard_again


def test_what_could_not_be_judged_offers_no_form(world: World, standing: RiskFlag) -> None:
    standing.severity = Severity.UNKNOWN
    standing.save()
    client = signed_in(person(Role.PMO, world))
    page = client.get(reverse("flag-mute", args=[standing.pk])).content.decode()
    assert "report the missing figures" in page
    assert "Ask to mute it" not in page


def test_who_decides_finds_it_in_their_work(world: World, standing: RiskFlag) -> None:
    until = timezone.localdate() + timedelta(days=30)
    post(Role.PMO, world, reverse("flag-mute", args=[standing.pk]), reason="x", expires_on=until)
    chief = signed_in(person(Role.MINISTRY_CIO, world)).get("/work/").content.decode()
    assert reverse("flag-mute", args=[standing.pk]) in chief
    own = signed_in(User.objects.get(username="pmo")).get("/work/").content.decode()
    assert "Mutings of flags waiting" not in own


def test_bad_input_is_told_and_kept(world: World, standing: RiskFlag) -> None:
    path = reverse("flag-mute", args=[standing.pk])
    told = post(Role.PMO, world, path, reason="Because of it", expires_on="2020-01-01")
    assert "within a year" in told
    assert "Because of it" in told
    assert not FlagMute.objects.exists()


def test_a_refusal_on_an_old_page_is_refused(world: World, flag: RiskFlag) -> None:
    asked = mutes.request_mute(act(person(Role.PMO, world)), flag.pk, UNTIL)
    minister = person(Role.MINISTRY_CIO, world)
    for step in (mutes.approve_mute, mutes.reject_mute):
        with pytest.raises(Conflict):
            step(act(minister), asked.pk, version=asked.version + 1)
    assert FlagMute.objects.get().state == RequestState.REQUESTED


def test_the_day_of_the_act_says_whether_a_muting_stands(world: World, flag: RiskFlag) -> None:
    muted(world, flag)
    minister = User.objects.get(username=Role.MINISTRY_CIO.value)
    later = Act(minister, datetime.combine(UNTIL, datetime.min.time(), UTC) + timedelta(days=2),
                "test", "It is over.")  # fmt: skip
    with pytest.raises(DomainError):
        mutes.unmute(later, flag.pk)
