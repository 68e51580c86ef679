"""Who is told what about reports and reviews: at once, when something falls due, and one role
higher when nothing happens.

Days are those of the person told: their time zone, business days only.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from django.urls import reverse
from django.utils import timezone

from governance.access import Role
from governance.audit import Act
from governance.business_days import (
    add_business_days,
    business_days_after,
    is_business_day,
    next_business_day,
)
from governance.jobs import set_aside
from governance.models import Agency, Membership, RoleTerm, User
from governance.models.base import valid_on
from governance.notices import Telling, local, tell
from projects.metrics.periods import month_of
from projects.metrics.risk.monthly_reports import due_on
from projects.models import MonthlyUpdate, Project, Review
from projects.models.choices import UpdateState
from projects.selectors import is_late, is_overdue
from projects.services.flags import rule_book

# Business days before the due day from which a report is asked for.
SOON: Final = 3
_ROLES: Final = (Role.PJMO, Role.PMO, Role.MINISTRY_CIO, Role.CIO_OFFICE)


@dataclass(slots=True)
class _People:
    """Who holds which role where, today; read in three queries."""

    in_project: dict[tuple[str, int], list[User]] = field(default_factory=lambda: defaultdict(list))
    in_agency: dict[tuple[str, int], list[User]] = field(default_factory=lambda: defaultdict(list))
    everywhere: dict[str, list[User]] = field(default_factory=lambda: defaultdict(list))
    parents: Mapping[int, int | None] = field(default_factory=dict)

    @classmethod
    def on(cls, day: date, roles: Iterable[str] = _ROLES) -> "_People":
        people = cls(parents=dict(Agency.objects.values_list("pk", "parent_id")))
        ended = set(RoleTerm.objects.exclude(valid_on(day)).values_list("role", flat=True))
        rows = Membership.objects.filter(
            valid_on(day), role__in=set(roles) - ended, user__is_active=True
        ).select_related("user")
        for row in rows:
            if row.project_id is not None:
                people.in_project[row.role, row.project_id].append(row.user)
            elif row.agency_id is not None:
                people.in_agency[row.role, row.agency_id].append(row.user)
            else:
                people.everywhere[row.role].append(row.user)
        return people

    def of_agency(self, role: str, agency_id: int | None) -> list[User]:
        """Holders of a role in an agency, or in the nearest agency above it."""
        while agency_id is not None:
            if found := self.in_agency.get((role, agency_id)):
                return found
            agency_id = self.parents.get(agency_id)
        return []


# At once ----------------------------------------------------------------------------------------------------


def _report_args(update: MonthlyUpdate) -> dict[str, str]:
    return {"month": f"{update.period:%Y-%m}", "project": str(update.project)}


def _about_update(
    act: Act, update: MonthlyUpdate, kind: str, users: Iterable[User], path: str, **more: str
) -> None:
    author = None if act.user is None else act.user.pk
    tell(
        [
            # The version makes a second return of the same report another event.
            Telling(
                user.pk,
                f"{kind}:{update.pk}:{update.version}",
                kind,
                {**_report_args(update), **more},
                path,
            )
            for user in users
            if user.pk != author
        ],
        act.at,
    )


def _page(update: MonthlyUpdate) -> str:
    return reverse("projects:updates-detail", args=[update.pk])


def update_submitted(act: Act, update: MonthlyUpdate) -> None:
    """Tell the PMO that a report waits."""
    people = _People.on(timezone.localdate(act.at), (Role.PMO,))
    users = people.of_agency(Role.PMO, update.project.agency_id)
    _about_update(act, update, "report-submitted", users, _page(update))


def _authors(update: MonthlyUpdate, day: date) -> list[User]:
    found = _People.on(day, (Role.PJMO,)).in_project[Role.PJMO, update.project_id]
    submitter = update.submitted_by
    if submitter is not None and submitter not in found:
        found = [*found, submitter]
    return found


def update_returned(act: Act, update: MonthlyUpdate) -> None:
    """Tell the PJMO that a report came back, and why."""
    path = reverse("projects:projects-report", args=[update.project.code, update.period])
    users = _authors(update, timezone.localdate(act.at))
    _about_update(act, update, "report-returned", users, path, reason=update.return_reason)


def update_approved(act: Act, update: MonthlyUpdate) -> None:
    """Tell the PJMO that a report is approved."""
    users = _authors(update, timezone.localdate(act.at))
    _about_update(act, update, "report-approved", users, _page(update))


# When something falls due -------------------------------------------------------------------------------------


def remind(at: datetime) -> int:
    """Tell everything that has fallen due by `at`, once; returns how many notices are new.

    Cost: a fixed number of queries, whatever the number of projects.
    """
    day = timezone.localdate(at)
    book = rule_book(day)["late_report"]
    due_day, steps = int(book["due_day"]), int(book["escalation_days"])
    people = _People.on(day)
    tellings = [
        *_reports(people, at, due_day, steps),
        *_approvals(people, at, steps),
        *_reviews(people, at),
    ]
    return tell(tellings, at)


def _here(user: User, at: datetime) -> date | None:
    """Today for a person; None where it is no business day for them."""
    day = local(user, at).date()
    return day if is_business_day(day) else None


def _reports(people: _People, at: datetime, due_day: int, steps: int) -> Iterator[Telling]:
    """Reports of the last two months that have not come in."""
    today = timezone.localdate(at)
    last = month_of(month_of(today) - timedelta(days=1))
    for period in (month_of(last - timedelta(days=1)), last):
        due = next_business_day(due_on(period, due_day))
        late = Project.objects.filter(is_late(period, today)).select_related("agency")
        for project in late:
            with set_aside("remind", f"project #{project.pk}", at):
                yield from list(_about_report(people, at, project, period, due, steps))


def _about_report(
    people: _People, at: datetime, project: Project, period: date, due: date, steps: int
) -> Iterator[Telling]:
    month = f"{period:%Y-%m}"
    key = f"{project.pk}:{month}"
    args = {"month": month, "project": str(project), "due": f"{due:%Y-%m-%d}"}
    form = reverse("projects:projects-report", args=[project.code, period])
    for user in people.in_project.get((Role.PJMO, project.pk), []):
        day = _here(user, at)
        if day is None or day < add_business_days(due, -SOON):
            continue
        kind = "report-overdue" if day > due else "report-due"
        yield Telling(user.pk, f"{kind}:{key}", kind, args, form)
    page = reverse("projects:projects-detail", args=[project.code])
    ladder = (
        (Role.PMO, people.of_agency(Role.PMO, project.agency_id)),
        (Role.MINISTRY_CIO, people.of_agency(Role.MINISTRY_CIO, project.agency_id)),
        (Role.CIO_OFFICE, people.everywhere[Role.CIO_OFFICE]),
    )
    for step, (role, users) in enumerate(ladder, start=1):
        for user in users:
            day = _here(user, at)
            if day is None or business_days_after(due, day) < step * steps:
                continue
            yield Telling(
                user.pk,
                f"report-escalated-{role}:{key}",
                "report-escalated",
                {**args, "days": str(business_days_after(due, day))},
                page,
            )


def _approvals(people: _People, at: datetime, steps: int) -> Iterator[Telling]:
    """Reports that wait for an approval."""
    waiting = MonthlyUpdate.objects.filter(state=UpdateState.SUBMITTED).select_related("project")
    for update in waiting:
        with set_aside("remind", f"report #{update.pk}", at):
            yield from list(_about_approval(people, at, update, steps))


def _about_approval(
    people: _People, at: datetime, update: MonthlyUpdate, steps: int
) -> Iterator[Telling]:
    agency_id, came = update.project.agency_id, update.submitted_at
    ladder = (
        (Role.PMO, people.of_agency(Role.PMO, agency_id)),
        (Role.MINISTRY_CIO, people.of_agency(Role.MINISTRY_CIO, agency_id)),
    )
    for step, (role, users) in enumerate(ladder, start=1):
        for user in users:
            day = _here(user, at)
            if day is None or came is None:
                continue
            days = business_days_after(local(user, came).date(), day)
            if days >= step * steps:
                yield Telling(
                    user.pk,
                    f"approval-waiting-{role}:{update.pk}:{update.version}",
                    "approval-waiting",
                    {**_report_args(update), "days": str(days)},
                    _page(update),
                )


def _reviews(people: _People, at: datetime) -> Iterator[Telling]:
    """Reviews past their due day: told to the PMO of the system's or project's agency."""
    rows: Any = Review.objects.filter(is_overdue(timezone.localdate(at)))
    for review in rows.select_related("system", "project", "review_type"):
        with set_aside("remind", f"review #{review.pk}", at):
            yield from list(_about_review(people, at, review))


def _about_review(people: _People, at: datetime, review: Review) -> Iterator[Telling]:
    subject: Any = review.project or review.system
    for user in people.of_agency(Role.PMO, subject.agency_id):
        if _here(user, at) is not None:
            yield Telling(
                user.pk,
                f"review-overdue:{review.pk}:{review.due_on}",
                "review-overdue",
                {
                    "review": str(review.review_type),
                    "subject": str(subject),
                    "due": f"{review.due_on:%Y-%m-%d}",
                },
                reverse("projects:reviews-detail", args=[review.pk]),
            )
