"""A register with at least one row of every kind that an export carries."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import transaction

from governance import audit
from governance.access import Role
from governance.models import (
    AccountTie,
    AuditCheck,
    JobMark,
    Notice,
    RoleRequest,
    Training,
    User,
)
from governance.models.people import MailDigest
from projects.models import (
    ChangeRequest,
    FlagMute,
    ImportJob,
    ImportRun,
    KpiMethod,
    KpiValue,
    OutlookRun,
    PlannedValue,
    Project,
    RiskFlag,
    Scenario,
    System,
)
from projects.models.choices import UpdateState
from projects.services import rollups
from tests import factories
from tests.conftest import act
from tests.projects.api.conftest import _masters, _register

NOW = datetime(2026, 11, 24, 3, 0, 0, 123456, tzinfo=UTC)
STRANGE = "\\N", "\\", "", " a  b ", 'x,"y"', "=1+1", "🏛️ 省", "null"
"""Texts that a careless file format would change"""


def _people(project: Project) -> User:
    user: User = factories.UserFactory.create(
        username="clerk",
        password="md5$salt$hash",
        email="clerk@example.go.jp",
        last_login=NOW,
        mail_digest=MailDigest.NEVER,
    )
    boss: User = factories.UserFactory.create(username="boss", proven_at=NOW)
    factories.MembershipFactory.create(user=user, role=Role.PJMO, project=project)
    factories.MembershipFactory.create(
        user=boss, role=Role.PMO, agency=project.agency, valid_to=date(2026, 12, 31)
    )
    AccountTie.objects.create(user=user, actor=boss, kind=AccountTie.Kind.MADE, at=NOW)
    Training.objects.create(user=user, kind=Training.Kind.SKILL, title="EVM")
    Notice.objects.create(
        user=user, event="e:1", kind="report-due", args={"month": "2026-10"}, created_at=NOW
    )
    JobMark.objects.create(name="judge", planned_for=NOW, started_at=NOW)
    return user


def _history(user: User, found: dict[str, Any]) -> None:
    """Baselines with numbers, revisions with states, a request, a mute, an uploaded file."""
    project, baseline, flag = found["projects"], found["baselines"], found["flags"]
    factories.BaselineFactory.create(project=project, number=2, reason="r")
    PlannedValue.objects.create(baseline=baseline, period=date(2026, 4, 1), amount=10**12)
    factories.MonthlyUpdateFactory.create(
        project=project,
        period=date(2026, 5, 1),
        revision=2,
        state=UpdateState.RETURNED,
        submitted_at=NOW,
        submitted_by=user,
        return_reason="二行の\n理由",
        details={"risks": [{"title": "x", "n": 1.5}]},
    )
    value: KpiValue = found["kpi-values"]
    KpiMethod.objects.create(kpi=value.kpi, number=1, from_year=2020)
    ChangeRequest.objects.create(
        kind="kpi-values",
        object_pk=value.pk,
        object_name="x",
        resource="kpi",
        agency=project.agency,
        before={"target": "10"},
        after={"target": "12.50"},
        reason="目標を見直すため",
        requested_by=user,
        requested_at=NOW,
    )
    FlagMute.objects.create(
        flag=flag,
        reason="r",
        severity=flag.severity,
        expires_on=date(2027, 1, 1),
        requested_by=user,
        requested_at=NOW,
    )
    RiskFlag.objects.filter(pk=flag.pk).update(closed_on=date(2026, 11, 20))
    run = ImportRun.objects.create(kind="workbook", started_at=NOW, actor=user, files=[{"a": None}])
    ImportJob.objects.create(
        owner=user,
        file_name="f.xlsx",
        sha256="0" * 64,
        content=b"\x00\xff\\N",
        created_at=NOW,
        run=run,
    )
    Scenario.objects.create(name="s", owner=user, assumptions={"drop": [project.pk]})
    OutlookRun.objects.create(
        as_of=NOW.date(), cases=1, known=1, model=None, trial={}, classes=[], raters=[]
    )


def fill() -> None:
    """One record of every kind, their history, and a trail."""
    home = factories.AgencyFactory.create(code="home", name="内務省")
    system: System = factories.SystemFactory.create(system_id="HOME-1", agency=home)
    project = factories.ProjectFactory.create(code="HOME-P1", agency=home, systems=[system])
    found = _register(home, system, project, "home")
    _masters()
    user = _people(project)
    _history(user, found)
    for number, text in enumerate(STRANGE):
        factories.SystemFactory.create(
            system_id=f"STRANGE-{number}", agency=home, description=text, updated_by=user
        )
        with transaction.atomic():
            audit.record(
                act(user, NOW + timedelta(seconds=number), reason=text),
                "system.edited",
                object_type="system",
                object_key=str(system.pk),
                before={"text": text, "n": None},
                after={"text": text, "n": 10**15},
            )
    with transaction.atomic():
        audit.record(
            act(user, NOW + timedelta(minutes=1)),
            "register.sealed",
            object_type="register",
            object_key="register",
            wrote=audit.stored(System, [system.pk]),
        )
    AuditCheck.objects.create(asked_by=user, asked_at=NOW, result={"faults": []})
    RoleRequest.objects.create(
        user=user,
        role=Role.ACCOUNTING,
        agency=home,
        needs_office=True,
        needs_consent=False,
        requested_at=NOW,
        requested_by=user,
    )
    # The last one is gone: its number must never be given again.
    factories.SystemFactory.create(system_id="GONE", agency=home).delete()
    rollups.recompute_all()
