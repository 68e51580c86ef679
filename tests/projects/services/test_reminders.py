"""Who is told what, when, and how often: once."""

from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance import notices
from governance.access import Role
from governance.mail import mail_due
from governance.models import MailDigest, Notice, User
from projects.notice_text import words
from projects.services import reminders
from tests import factories
from tests.conftest import World, person, signed_in

pytestmark = pytest.mark.django_db


def tokyo(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=9)


def told(user: User) -> list[str]:
    return list(Notice.objects.filter(user=user).order_by("pk").values_list("kind", flat=True))


@pytest.fixture
def office(world: World) -> dict[Role, User]:
    """Those who are told, each with an address. The report of October is due on 10 November."""
    roles = (Role.PJMO, Role.PMO, Role.MINISTRY_CIO, Role.CIO_OFFICE)
    people = {role: person(role, world) for role in roles}
    for user in people.values():
        User.objects.filter(pk=user.pk).update(email=f"{user.username}@example.go.jp")
        user.refresh_from_db()
    factories.MonthlyUpdateFactory.create(
        project=world.project, period=date(2026, 9, 1), approved=True, submitted_at=tokyo(10, 5)
    )
    world.other_project.delete()
    return people


def test_due_overdue_and_one_role_higher_after_each_five_business_days(
    office: dict[Role, User],
) -> None:
    pjmo, pmo = office[Role.PJMO], office[Role.PMO]
    minister, cio = office[Role.MINISTRY_CIO], office[Role.CIO_OFFICE]
    reminders.remind(tokyo(11, 4))
    assert told(pjmo) == []
    reminders.remind(tokyo(11, 5))  # Three business days before the 10th.
    reminders.remind(tokyo(11, 5, 17))
    assert told(pjmo) == ["report-due"]
    reminders.remind(tokyo(11, 10))
    assert told(pjmo) == ["report-due"]
    reminders.remind(tokyo(11, 11))
    assert told(pjmo) == ["report-due", "report-overdue"]
    reminders.remind(tokyo(11, 16))
    assert told(pmo) == []
    reminders.remind(tokyo(11, 17))
    assert told(pmo) == ["report-escalated"]
    reminders.remind(tokyo(11, 24))  # The 23rd is a holiday: only nine business days.
    assert told(minister) == []
    reminders.remind(tokyo(11, 25))
    assert told(minister) == ["report-escalated"]
    assert told(cio) == []
    reminders.remind(tokyo(12, 2))
    assert told(cio) == ["report-escalated"]
    assert Notice.objects.get(user=cio).args["days"] == "15"


def test_the_days_are_those_of_the_policy(office: dict[Role, User]) -> None:
    factories.RiskPolicyFactory.create(
        rule_id="late_report", parameters={"due_day": 5, "escalation_days": 1}
    )
    reminders.remind(tokyo(11, 6))
    assert told(office[Role.PJMO]) == ["report-overdue"]
    assert told(office[Role.PMO]) == ["report-escalated"]


def test_nobody_is_told_on_a_day_off_and_everybody_in_their_own_zone(
    office: dict[Role, User],
) -> None:
    pjmo = office[Role.PJMO]
    reminders.remind(tokyo(11, 14))  # A Saturday.
    assert told(pjmo) == []
    User.objects.filter(pk=pjmo.pk).update(time_zone="America/New_York")
    reminders.remind(tokyo(11, 11, 9))  # Still the 10th there: due, not overdue.
    assert told(pjmo) == ["report-due"]


def test_a_report_that_came_in_is_not_asked_for(world: World, office: dict[Role, User]) -> None:
    factories.MonthlyUpdateFactory.create(
        project=world.project, submitted=True, submitted_at=tokyo(11, 4)
    )
    reminders.remind(tokyo(11, 11))
    assert told(office[Role.PJMO]) == []
    assert told(office[Role.PMO]) == ["approval-waiting"]
    reminders.remind(tokyo(11, 18))
    assert told(office[Role.MINISTRY_CIO]) == ["approval-waiting"]


def test_an_overdue_review_is_told_to_the_office(world: World, office: dict[Role, User]) -> None:
    factories.ReviewFactory.create(system=world.system, due_on=date(2026, 10, 1))
    reminders.remind(tokyo(10, 5))
    assert "review-overdue" in told(office[Role.PMO])


def test_who_left_is_told_nothing(office: dict[Role, User]) -> None:
    pjmo = office[Role.PJMO]
    pjmo.memberships.update(valid_to=date(2026, 11, 1))
    office[Role.PMO].is_active = False
    office[Role.PMO].save()
    reminders.remind(tokyo(11, 20))
    assert (told(pjmo), told(office[Role.PMO])) == ([], [])


def test_queries_do_not_grow_with_the_projects(world: World, office: dict[Role, User]) -> None:
    with CaptureQueriesContext(connection) as few:
        reminders.remind(tokyo(11, 20))
    for _number in range(15):
        project = factories.ProjectFactory.create(agency=world.home)
        factories.MembershipFactory.create(user=office[Role.PJMO], role="pjmo", project=project)
    with CaptureQueriesContext(connection) as many:
        reminders.remind(tokyo(11, 24))
    assert Notice.objects.filter(user=office[Role.PJMO]).count() > 15
    assert len(many) <= len(few) + 1


def test_one_row_that_fails_stops_no_other(
    world: World,
    office: dict[Role, User],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = factories.ProjectFactory.create(agency=world.home)
    real = reminders._about_report

    def about(people: Any, at: datetime, project: Any, *rest: Any) -> Any:
        if project == odd:
            raise OverflowError("date value out of range")
        return real(people, at, project, *rest)

    monkeypatch.setattr(reminders, "_about_report", about)
    reminders.remind(tokyo(11, 5))
    assert told(office[Role.PJMO]) == ["report-due"]
    assert told(office[Role.CIO_OFFICE]) == ["row-set-aside"]
    assert f"left out project #{odd.pk}" in caplog.text
    assert "OverflowError" in caplog.text


# Mail -------------------------------------------------------------------------------------------------------


def mailed(at: datetime) -> int:
    return mail_due(at, words)


def test_a_digest_holds_a_days_notices_and_comes_once(office: dict[Role, User]) -> None:
    pjmo = office[Role.PJMO]
    reminders.remind(tokyo(11, 5))
    reminders.remind(tokyo(11, 11))
    assert mailed(tokyo(11, 11, 7)) == 0  # Before offices open.
    assert mailed(tokyo(11, 11, 9)) == 1
    assert mailed(tokyo(11, 11, 10)) == 0
    letter = mail.outbox[0]
    assert letter.to == ["pjmo@example.go.jp"]
    assert "2 notices" in letter.subject
    assert "was due on 2026-11-10" in letter.body
    assert "/projects/HOME-P1/reports/2026-10/" in letter.body
    assert not Notice.objects.filter(user=pjmo, mailed_at__isnull=True).exists()


@pytest.mark.parametrize(
    ("digest", "mails"),
    [(MailDigest.AT_ONCE, 2), (MailDigest.DAILY, 1), (MailDigest.WEEKLY, 1), (MailDigest.NEVER, 0)],
)
def test_everybody_chooses_how_often(
    digest: MailDigest, mails: int, office: dict[Role, User]
) -> None:
    pjmo = office[Role.PJMO]
    User.objects.filter(pk=pjmo.pk).update(mail_digest=digest)
    reminders.remind(tokyo(11, 5))
    reminders.remind(tokyo(11, 11))
    assert mailed(tokyo(11, 11)) == mails
    notices.tell([notices.Telling(pjmo.pk, "x", "report-due",
                                  {"month": "m", "project": "p", "due": "d"})], tokyo(11, 12))  # fmt: skip
    later = {MailDigest.AT_ONCE: 1, MailDigest.DAILY: 1}.get(digest, 0)
    assert mailed(tokyo(11, 12)) == later
    assert mailed(tokyo(11, 16)) == (1 if digest == MailDigest.WEEKLY else 0)


def test_mail_speaks_the_readers_language(office: dict[Role, User]) -> None:
    User.objects.filter(pk=office[Role.PJMO].pk).update(language="ja")
    reminders.remind(tokyo(11, 11))
    mailed(tokyo(11, 11))
    assert "2026-11-10" in mail.outbox[0].body
    assert "was due" not in mail.outbox[0].body


# Jobs and pages -----------------------------------------------------------------------------------------------


def run(at: datetime) -> str:
    out = StringIO()
    call_command("run_due_jobs", at=at.isoformat(), stdout=out)
    return out.getvalue()


def test_the_due_jobs_run_once_however_often_they_are_called(office: dict[Role, User]) -> None:
    first = run(tokyo(11, 17))
    assert "Flags judged for 2026-11-17." in first
    assert "New notices: 2" in first
    assert "Mails sent: 2" in first
    second = run(tokyo(11, 17, 10))
    assert "Flags judged" not in second
    assert "New notices: 0" in second
    assert "Mails sent: 0" in second
    assert "Flags judged for 2026-11-18." in run(tokyo(11, 18))


def test_the_page_of_notices(office: dict[Role, User], outsider: User) -> None:
    pjmo = office[Role.PJMO]
    reminders.remind(tokyo(11, 11))
    client = signed_in(pjmo)
    page = client.get("/notices/").content.decode()
    assert "was due on 2026-11-10" in page
    assert '<strong class="badge">1' in page
    notice = Notice.objects.get(user=pjmo)
    assert signed_in(outsider).post("/notices/read/", {"notice": notice.pk}).status_code == 302
    notice.refresh_from_db()
    assert notice.read_at is None
    opened = client.post("/notices/read/", {"notice": notice.pk})
    assert opened.headers["Location"] == "/projects/HOME-P1/reports/2026-10/"
    assert '<strong class="badge">' not in client.get("/notices/").content.decode()
    assert client.post("/notices/read/", {"notice": "x"}).status_code == 302


def test_everybody_sets_language_zone_and_mail(office: dict[Role, User]) -> None:
    client = signed_in(office[Role.PJMO])
    data = {"display_name": "新名", "email": "a@example.go.jp", "language": "ja",
            "mail_digest": "weekly", "time_zone": "Europe/Paris"}  # fmt: skip
    assert client.post("/settings/", data).status_code == 302
    user = User.objects.get(pk=office[Role.PJMO].pk)
    assert (user.mail_digest, user.time_zone) == ("weekly", "Europe/Paris")
    assert client.post("/settings/", {**data, "time_zone": "Mars/Base"}).status_code == 422


def test_every_kind_of_notice_has_words() -> None:
    names = "month project due days reason review subject job error what person"
    args = dict.fromkeys(names.split(), "x")
    for kind in (
        "report-due", "report-overdue", "report-escalated", "report-submitted",
        "report-returned", "report-approved", "approval-waiting", "review-overdue",
        "job-failed", "row-set-aside", "mail-given-up",
    ):  # fmt: skip
        assert "%" not in words(kind, args)
        assert "There is news" not in words(kind, args)


def test_a_notice_of_another_release_is_told_as_such(office: dict[Role, User]) -> None:
    notices.tell([notices.Telling(office[Role.PJMO].pk, "x", "of-tomorrow"),
                  notices.Telling(office[Role.PJMO].pk, "y", "report-due")], tokyo(11, 11))  # fmt: skip
    page = signed_in(office[Role.PJMO]).get("/notices/").content.decode()
    assert "There is news (of-tomorrow)" in page
    assert "There is news (report-due)" in page
    assert mailed(tokyo(11, 11)) == 1
