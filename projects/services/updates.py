"""The life of a monthly report: written, handed over, returned or approved, published, corrected.

What is filed on milestones, KPIs and risks travels with the report (`Details`) and reaches these
records when another person approves it: nothing in the register changes on the word of one.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action, Resource, rights_of
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.field_rights import Way
from governance.people.deciding import refuse_same_person
from projects.metrics import filing
from projects.metrics.periods import fiscal_year_of, month_of
from projects.models import (
    Baseline,
    Kpi,
    KpiMethod,
    KpiValue,
    Milestone,
    MonthlyUpdate,
    Project,
    Risk,
)
from projects.models.choices import (
    FILED_STATES,
    OPEN_STATES,
    SETTLED_STATES,
    EarnedBasis,
    RiskStatus,
    UpdateState,
    ValueState,
)
from projects.register import KINDS
from projects.services import field_rights, reminders
from projects.services.filed import COMPUTED, Details, RiskEntry, current_baseline
from projects.services.register import Touched, create, edit, recompute
from projects.services.writing import recheck, state_of

_UPDATES = KINDS["updates"]
# Reports that a check looks back at.
_LOOK_BACK: Final = 6


class NeedsAnswers(DomainError):
    """The report cannot be handed over as it is: `findings` say why, each at its field."""

    def __init__(self, findings: Sequence[filing.Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            _("Something in this report needs a second look before it is handed over.")
        )


# What a report is held against ----------------------------------------------------------------------


def reports_before(project_id: int, period: date) -> list[MonthlyUpdate]:
    """Reports of earlier months that came in, the latest first, the last revision of each month.

    Cost: one query.
    """
    rows = MonthlyUpdate.objects.filter(
        project_id=project_id, period__lt=period, state__in=FILED_STATES
    ).order_by("-period", "-revision")
    found: dict[date, MonthlyUpdate] = {}
    for row in rows[: _LOOK_BACK * 2]:
        found.setdefault(row.period, row)
    return list(found.values())[:_LOOK_BACK]


def figures_of(update: MonthlyUpdate) -> filing.Filed:
    return filing.Filed(
        period=update.period,
        progress=update.progress_percent,
        planned_value=update.planned_value,
        earned_value=update.earned_value,
        actual_cost=update.actual_cost,
        forecast_cost=update.forecast_cost,
        forecast_end=update.forecast_end_on,
        confidence=update.confidence,
        narrative=update.narrative,
    )


def examine(
    update: MonthlyUpdate, before: Iterable[MonthlyUpdate], baseline: Baseline | None
) -> list[filing.Finding]:
    """What the checks say of a report. Queries nothing."""
    plan = filing.Plan()
    if baseline is not None:
        plan = filing.Plan(baseline.budget_at_completion, baseline.planned_end_on)
    return filing.examine(
        filing.Context(figures_of(update), [figures_of(row) for row in before], plan)
    )


def unanswered(
    findings: Iterable[filing.Finding], answers: Mapping[str, str]
) -> list[filing.Finding]:
    """Findings that stand in the way: refusals, and questions without a reason."""
    return [
        found
        for found in findings
        if found.level is filing.Level.REFUSE or not str(answers.get(found.check, "")).strip()
    ]


# Writing ----------------------------------------------------------------------------------------------


@transaction.atomic
def save(
    act: Act,
    project: Project,
    period: date,
    values: Mapping[str, Any],
    details: Details,
    answers: Mapping[str, str],
    *,
    version: int,
) -> MonthlyUpdate:
    """Save what was written of a month's report, as a draft: the first save makes it, later ones
    change it (`version` is the one seen, 0 for none).

    A month whose report was approved already gets a new revision; the approved one stays.
    Raises Conflict where somebody saved in between, ValidationError, PermissionDenied,
    DomainError while a report of the month is being looked at.
    """
    if project.started_on is not None and period < month_of(project.started_on):
        raise DomainError(_("The project had not begun in this month."))
    # Whoever begins the month's report waits here for a colleague who does the same.
    Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    latest = latest_of(project, period)
    values = {**values, "details": details.as_json(), "answers": dict(answers)}
    if values.get("basis") == EarnedBasis.MILESTONES:
        # The form sends what was typed before the basis was chosen: it gives way.
        values = {name: value for name, value in values.items() if name not in COMPUTED}
    if latest is None or latest.state in SETTLED_STATES:
        if version:
            raise Conflict({} if latest is None else state_of(latest))
        update: MonthlyUpdate = create(
            act, _UPDATES, {"project": project, "period": period, **values}
        )
        return update
    if latest.state not in OPEN_STATES:
        raise DomainError(_("The report of this month is handed over: it waits for the PMO."))
    if latest.version != version:
        # Also for who began a first report while a colleague did the same.
        raise Conflict(state_of(latest))
    changed: MonthlyUpdate = edit(act, _UPDATES, latest.pk, values, version=version)
    return changed


def latest_of(project: Project, period: date) -> MonthlyUpdate | None:
    """The last revision of a month's report. Cost: one query."""
    rows = MonthlyUpdate.objects.filter(project=project, period=period)
    return rows.order_by("-revision").first()


def _transition(
    act: Act, pk: int, action: Action, states: Iterable[str], version: int | None
) -> MonthlyUpdate:
    update = MonthlyUpdate.objects.select_for_update(of=("self",)).get(pk=pk)
    recheck(act, update, action)
    if update.state not in states:
        raise DomainError(
            _("This is not possible in the state “%(state)s”.")
            % {"state": update.get_state_display()}
        )
    if version is not None and update.version != version:
        raise Conflict(state_of(update))
    return update


def _settle(act: Act, update: MonthlyUpdate, verb: str, before: dict[str, Any]) -> MonthlyUpdate:
    update.version += 1
    update.updated_at, update.updated_by = act.at, act.user
    update.full_clean()
    update.save()
    audit.record_object(act, verb, update, before=before, after=state_of(update))
    # Also of a report that came back: it no longer counts as filed.
    recompute(act, Touched(judged_projects={update.project_id}))
    return update


@transaction.atomic
def submit(
    act: Act,
    pk: int,
    answers: Mapping[str, str] | None = None,
    *,
    version: int | None = None,
) -> MonthlyUpdate:
    """Hand a drafted or returned report to the PMO. Audited as "update.submitted".

    `answers` are reasons for what looks odd, besides those saved already. Raises NeedsAnswers
    where a check refuses the report, or asks for a reason that was not given.
    """
    update = _transition(act, pk, Action.SUBMIT, OPEN_STATES, version)
    before = state_of(update)
    update.answers = {**update.answers, **_kept(answers or {})}
    findings = examine(
        update,
        reports_before(update.project_id, update.period),
        current_baseline(update.project_id),
    )
    if open_findings := unanswered(findings, update.answers):
        raise NeedsAnswers(open_findings)
    # A reason for what is no longer odd would only puzzle its reader.
    asked = {found.check for found in findings}
    update.answers = {check: said for check, said in update.answers.items() if check in asked}
    update.state = UpdateState.SUBMITTED
    update.submitted_at, update.submitted_by = act.at, act.user
    _settle(act, update, "update.submitted", before)
    reminders.update_submitted(act, update)
    return update


def _kept(answers: Mapping[str, str]) -> dict[str, str]:
    known = {rule.id for rule in filing.CHECKS}
    return {check: str(said).strip() for check, said in answers.items() if check in known and said}


@transaction.atomic
def approve(act: Act, pk: int, *, version: int | None = None) -> MonthlyUpdate:
    """Approve a submitted report and bring what was filed with it into the register; never for
    one that one wrote in. Audited as "update.approved", and by record."""
    update = _transition(act, pk, Action.APPROVE, (UpdateState.SUBMITTED,), version)
    refuse_same_person(act, update, own=_("Nobody approves their own report."))
    before = state_of(update)
    update.state = UpdateState.APPROVED
    update.approved_at, update.approved_by = act.at, act.user
    # First what was filed with it: the flags that `_settle` recomputes look at the goals too.
    _bring_in(act, update)
    _settle(act, update, "update.approved", before)
    reminders.update_approved(act, update)
    return update


@transaction.atomic
def send_back(act: Act, pk: int, *, version: int | None = None) -> MonthlyUpdate:
    """Send a submitted report back, with the act's reason. Audited as "update.returned"."""
    if not act.reason.strip():
        raise DomainError(_("Say why the report is returned."))
    update = _transition(act, pk, Action.APPROVE, (UpdateState.SUBMITTED,), version)
    before = state_of(update)
    update.state = UpdateState.RETURNED
    update.returned_at, update.returned_by = act.at, act.user
    update.return_reason = act.reason.strip()
    _settle(act, update, "update.returned", before)
    reminders.update_returned(act, update)
    return update


def may_publish(user: Any, update: MonthlyUpdate) -> bool:
    """Whether `user` may release reports of the project's ministry. Cost: none but the rights."""
    reach = rights_of(user).reach(Resource.PUBLICATION, Action.APPROVE)
    return reach.everything or update.project.agency_id in reach.agency_ids


@transaction.atomic
def publish(act: Act, pk: int, *, version: int | None = None) -> MonthlyUpdate:
    """Release an approved report: the ministry CIO or the CIO office answers for it from then on;
    never for one that one wrote in. Audited as "update.published"."""
    update = _transition(act, pk, Action.READ, (UpdateState.APPROVED,), version)
    if act.user is not None and not may_publish(act.user, update):
        raise PermissionDenied
    refuse_same_person(act, update, own=_("Nobody publishes their own report."))
    before = state_of(update)
    update.state = UpdateState.PUBLISHED
    update.published_at, update.published_by = act.at, act.user
    return _settle(act, update, "update.published", before)


# What an approval brings into the register -------------------------------------------------------------


def _bring_in(act: Act, update: MonthlyUpdate) -> None:
    """Milestones, KPI actuals and risks as filed; each record tells its own story in the trail."""
    details = Details.of(update.details)
    told = Act(
        act.user,
        act.at,
        act.source,
        _("Monthly report %(month)s of %(project)s")
        % {"month": f"{update.period:%Y-%m}", "project": update.project.code},
    )
    milestones = Milestone.objects.filter(
        project_id=update.project_id, pk__in=details.milestones
    ).select_for_update(of=("self",))
    for milestone in milestones:
        _write(told, milestone, details.milestones[milestone.pk])
    for kpi_id, actual in details.kpis.items():
        _write_kpi(told, update, kpi_id, actual)
    known = {
        risk.pk: risk
        for risk in Risk.objects.filter(
            project_id=update.project_id, pk__in=[entry.id for entry in details.risks if entry.id]
        ).select_for_update(of=("self",))
    }
    for entry in details.risks:
        risk = known.get(entry.id) if entry.id else Risk(project_id=update.project_id)
        if risk is not None:
            _write(told, risk, _risk_values(entry, timezone.localdate(act.at)))


def _risk_values(entry: RiskEntry, day: date) -> dict[str, Any]:
    values = dict(entry.values)
    if values.get("status") == RiskStatus.CLOSED:
        values["closed_on"] = day
    return values


def _write(act: Act, obj: Any, values: Mapping[str, Any]) -> None:
    """Change or make one record, audited; a record that says this already stays untouched. Only
    what a report carries is written: the approver need not be able to write it by hand."""
    is_new = obj.pk is None
    field_rights.refuse(act, obj, field_rights.changed_fields(obj, values), way=Way.REPORT)
    before = None if is_new else state_of(obj)
    for name, value in values.items():
        setattr(obj, name, value)
    obj.full_clean()
    if before is not None and state_of(obj) == before:
        return
    if not is_new:
        obj.version += 1
    obj.updated_at, obj.updated_by = act.at, act.user
    obj.save()
    verb = f"{obj._meta.model_name}.{'created' if is_new else 'edited'}"
    audit.record_object(act, verb, obj, before=before, after=state_of(obj))


def method_in(kpi_id: int, fiscal_year: int) -> int:
    """The number of the method by which a KPI is measured in a year; 1 where none is described."""
    numbers = KpiMethod.objects.filter(kpi_id=kpi_id, from_year__lte=fiscal_year)
    return numbers.aggregate(models.Max("number"))["number__max"] or 1


def _write_kpi(act: Act, update: MonthlyUpdate, kpi_id: int, actual: Decimal | None) -> None:
    year = fiscal_year_of(update.period)
    kpi = kpis_of(update.project).filter(pk=kpi_id).first()
    if kpi is None:
        return
    number = method_in(kpi_id, year)
    value = (
        KpiValue.objects.select_for_update(of=("self",))
        .filter(kpi=kpi, fiscal_year=year, method_version=number)
        .first()
    ) or KpiValue(kpi=kpi, fiscal_year=year, method_version=number)
    state = ValueState.MISSING if actual is None else ValueState.REPORTED
    _write(act, value, {"actual": actual, "actual_state": state})


def kpis_of(project: Project) -> "models.QuerySet[Kpi, Kpi]":
    """The KPIs that a project reports on: its own and those of its systems."""
    return Kpi.objects.filter(
        models.Q(project=project) | models.Q(system__in=project.systems.all())
    )
