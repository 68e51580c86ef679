"""What one person asks for and another decides: new baselines, and when targets lock."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import AuditEvent
from governance.models.base import snapshot
from governance.people.deciding import refuse_same_person
from projects.metrics.delivery import Phase
from projects.metrics.periods import fiscal_year_of
from projects.models import Baseline, Benefit, KpiMethod, KpiValue, Milestone, PlannedValue, Project
from projects.models.choices import RequestState
from projects.services import flags
from projects.services.writing import recheck, state_of

# Months that a plan may span: fifty years.
_LONGEST: Final = 600


def phasing_faults(
    phases: Sequence[Phase], start: date | None, end: date | None, budget: int | None
) -> list[str]:
    """What is wrong with a time-phased plan; nothing where there is none."""
    faults = []
    if len(phases) > _LONGEST:
        faults.append(_("A plan has at most %(n)d months.") % {"n": _LONGEST})
    periods = [phase.period for phase in phases]
    if len(set(periods)) < len(periods):
        faults.append(_("A month stands twice."))
    ordered = sorted(phases, key=lambda phase: phase.period)
    if any(b.amount < a.amount for a, b in itertools.pairwise(ordered)):
        faults.append(_("Planned value to date never goes down from month to month."))
    if ordered and start is not None and ordered[0].period < start.replace(day=1):
        faults.append(_("The first month lies before the planned start."))
    if ordered and end is not None and ordered[-1].period > end:
        faults.append(_("The last month lies after the planned end."))
    if ordered and budget is not None and ordered[-1].amount != budget:
        faults.append(_("The last month must reach the budget at completion."))
    return faults


@transaction.atomic
def request_baseline(act: Act, values: Mapping[str, Any]) -> Baseline:
    """Ask for a plan to be agreed on; another person decides. Audited as "baseline.requested".

    `values`: project, planned_start_on, planned_end_on, budget_at_completion, reason (required
    where a plan was agreed on before), phases (`Phase` by month). Raises ValidationError,
    PermissionDenied.
    """
    project: Project = values["project"]
    phases: Sequence[Phase] = values.get("phases") or ()
    # One request at a time: the second of two waits here, and finds the first.
    Project.objects.select_for_update(of=("self",)).get(pk=project.pk)
    baseline = Baseline(
        project=project, requested_at=act.at, requested_by=act.user, updated_at=act.at
    )
    baseline.updated_by = act.user
    for name in ("planned_start_on", "planned_end_on", "budget_at_completion", "reason"):
        setattr(baseline, name, values.get(name, "" if name == "reason" else None))
    has_plan = Baseline.objects.filter(project=project, state=RequestState.APPROVED).exists()
    if has_plan and not baseline.reason.strip():
        raise ValidationError({"reason": _("A new baseline needs a reason.")})
    baseline.full_clean()
    if faults := phasing_faults(
        phases,
        baseline.planned_start_on,
        baseline.planned_end_on,
        baseline.budget_at_completion,
    ):
        raise ValidationError({"phases": faults})
    baseline.save(force_insert=True)
    recheck(act, baseline, Action.CREATE)
    months = PlannedValue.objects.bulk_create(
        PlannedValue(baseline=baseline, period=phase.period, amount=phase.amount)
        for phase in sorted(phases, key=lambda phase: phase.period)
    )
    after = state_of(baseline) | {
        "phases": {f"{phase.period:%Y-%m}": phase.amount for phase in phases}
    }
    audit.record_object(
        act, "baseline.requested", baseline, before=None, after=after, wrote=audit.of(months)
    )
    return baseline


def open_request(act: Act, model: Any, pk: int, action: Action, version: int | None) -> Any:
    found = model.objects.select_for_update(of=("self",)).get(pk=pk)
    recheck(act, found, action)
    if found.state != RequestState.REQUESTED:
        raise DomainError(
            _("This is not possible in the state “%(state)s”.")
            % {"state": found.get_state_display()}
        )
    if version is not None and found.version != version:
        raise Conflict(state_of(found))
    return found


def planners_of(baseline: Baseline) -> frozenset[int]:
    """Users (ids) who wrote the milestones and benefits that the first plan of a project brings into
    force: whoever approves it approves them. Empty for a later plan, which brings none with it.
    Cost: five queries."""
    plans = Baseline.objects.filter(project_id=baseline.project_id)
    if plans.filter(state=RequestState.APPROVED).exclude(pk=baseline.pk).exists():
        return frozenset()
    people: set[int | None] = set()
    for model in (Milestone, Benefit):
        rows = model._default_manager.filter(project_id=baseline.project_id)
        last = dict(rows.values_list("pk", "updated_by_id"))
        events = AuditEvent.objects.filter(
            object_type=model._meta.model_name,
            object_key__in=[str(pk) for pk in last],
            actor__isnull=False,
        )
        people |= {*last.values(), *events.values_list("actor_id", flat=True)}
    return frozenset(pk for pk in people if pk is not None)


def words_to_planners(user: Any, baseline: Baseline) -> str | None:
    """The sentence for whoever wrote what a plan brings with it; None for who asked for it."""
    if user is None or user.pk == baseline.requested_by_id:
        return None
    return _("You wrote milestones or benefits of this plan: another person decides on it.")


def decide(act: Act, found: Any, state: RequestState) -> dict[str, Any]:
    """Mark a request as decided; returns its state before."""
    if state is not RequestState.WITHDRAWN:
        own, also = None, frozenset[int]()
        if isinstance(found, Baseline):
            own, also = words_to_planners(act.user, found), planners_of(found)
        refuse_same_person(act, found, own=own, also=also)
    if state is RequestState.REJECTED and not act.reason.strip():
        raise DomainError(_("Say why you reject it."))
    before = state_of(found)
    found.state = state
    found.decided_at, found.decided_by = act.at, act.user
    found.decision_reason = act.reason.strip()
    found.version += 1
    found.updated_at, found.updated_by = act.at, act.user
    return before


@transaction.atomic
def approve_baseline(act: Act, pk: int, *, version: int | None = None) -> Baseline:
    """Agree to a plan: it gets the next number and is the current one from then on; the first one
    stays for ever. Audited as "baseline.approved".

    Raises DomainError also for whoever wrote a milestone of a first plan.
    """
    baseline: Baseline = open_request(act, Baseline, pk, Action.APPROVE, version)
    Project.objects.select_for_update(of=("self",)).get(pk=baseline.project_id)
    before = decide(act, baseline, RequestState.APPROVED)
    agreed = Baseline.objects.filter(project_id=baseline.project_id, number__isnull=False)
    baseline.number = (agreed.aggregate(models.Max("number"))["number__max"] or 0) + 1
    baseline.agreed_on = timezone.localdate(act.at)
    baseline.full_clean()
    baseline.save()
    audit.record_object(act, "baseline.approved", baseline, before=before, after=state_of(baseline))
    flags.recompute_for(act, as_of=timezone.localdate(act.at), project_ids=[baseline.project_id])
    return baseline


@transaction.atomic
def reject_baseline(act: Act, pk: int, *, version: int | None = None) -> Baseline:
    """Refuse a plan, with the act's reason. Audited as "baseline.rejected"."""
    baseline: Baseline = open_request(act, Baseline, pk, Action.APPROVE, version)
    before = decide(act, baseline, RequestState.REJECTED)
    baseline.save()
    audit.record_object(act, "baseline.rejected", baseline, before=before, after=state_of(baseline))
    return baseline


@transaction.atomic
def withdraw_baseline(act: Act, pk: int, *, version: int | None = None) -> Baseline:
    """Take one's own request back. Audited as "baseline.withdrawn"."""
    baseline: Baseline = open_request(act, Baseline, pk, Action.CREATE, version)
    if act.user is not None and baseline.requested_by_id != act.user.pk:
        raise DomainError(_("Only who asked for it can withdraw it."))
    before = decide(act, baseline, RequestState.WITHDRAWN)
    baseline.save()
    audit.record_object(
        act, "baseline.withdrawn", baseline, before=before, after=state_of(baseline)
    )
    return baseline


# Targets ----------------------------------------------------------------------------------------------


def locks_on(fiscal_year: int) -> date:
    """The day on which the targets of a fiscal year lock: its first of April."""
    return date(fiscal_year, 4, 1)


def is_locked(value: KpiValue, on: date) -> bool:
    """Whether a target can only be changed by request: it is known, and its year has begun."""
    return value.target is not None and on >= locks_on(value.fiscal_year)


# Methods ----------------------------------------------------------------------------------------------


@transaction.atomic
def add_method(act: Act, kpi: Any, values: Mapping[str, Any]) -> KpiMethod:
    """Describe how a KPI is measured from a year on. The second and later ones break the series:
    they need a reason. Audited as "kpimethod.created"."""
    recheck(act, kpi, Action.EDIT)
    type(kpi).objects.select_for_update(of=("self",)).get(pk=kpi.pk)
    last = KpiMethod.objects.filter(kpi=kpi).order_by("-number").first()
    method = KpiMethod(
        kpi=kpi,
        number=1 if last is None else last.number + 1,
        updated_at=act.at,
        updated_by=act.user,
        **{name: values[name] for name in ("from_year", "description", "reason")},
    )
    if last is not None:
        if values["from_year"] is not None and values["from_year"] <= last.from_year:
            raise ValidationError(
                {
                    "from_year": _(
                        "It must begin after the method before it, which is of an earlier year."
                    )
                }
            )
        if not str(values["reason"]).strip():
            raise ValidationError({"reason": _("A new method needs a reason.")})
        # A figure of that year was measured as it was told then: no method comes in under it; nor
        # under a target that is locked, which would wait for its actual for ever.
        since = {} if values["from_year"] is None else {"fiscal_year__gte": values["from_year"]}
        locked = models.Q(
            target__isnull=False, fiscal_year__lte=fiscal_year_of(timezone.localdate(act.at))
        )
        stands = KpiValue.objects.filter(models.Q(actual__isnull=False) | locked, kpi=kpi, **since)
        if since and stands.exists():
            raise ValidationError({"from_year": _("Figures stand under this KPI.")})
    method.full_clean()
    method.save(force_insert=True)
    audit.record_object(act, "kpimethod.created", method, before=None, after=snapshot(method))
    return method
