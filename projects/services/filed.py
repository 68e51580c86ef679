"""What travels with a monthly report, and the figures that follow from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from projects.metrics import filing
from projects.models import Baseline, Milestone, MonthlyUpdate
from projects.models.choices import EarnedBasis, RequestState

COMPUTED: Final = ("progress_percent", "earned_value", "planned_value")
"""What the milestones' weights give where they are the basis of the earned value."""


@dataclass(frozen=True, slots=True)
class RiskEntry:
    """A risk or issue as filed; `id` is None for a new one. Only what is given changes."""

    id: int | None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Details:
    """Milestone id → forecast and actual day; KPI id → actual figure; risks and issues.

    Only what differs from the register when it was filed is kept.
    """

    milestones: Mapping[int, Mapping[str, date | None]] = field(default_factory=dict)
    kpis: Mapping[int, Decimal | None] = field(default_factory=dict)
    risks: Sequence[RiskEntry] = ()

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.milestones:
            found["milestones"] = [
                {"id": pk, **{name: _text(day) for name, day in days.items()}}
                for pk, days in self.milestones.items()
            ]
        if self.kpis:
            found["kpis"] = [{"id": pk, "actual": _text(v)} for pk, v in self.kpis.items()]
        if self.risks:
            found["risks"] = [{"id": entry.id, **entry.values} for entry in self.risks]
        return found

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Details":
        """What `as_json` made."""
        return cls(
            milestones={
                item["id"]: {
                    name: None if item[name] is None else date.fromisoformat(item[name])
                    for name in ("forecast_on", "actual_on")
                    if name in item
                }
                for item in stored.get("milestones", [])
            },
            kpis={
                item["id"]: None if item["actual"] is None else Decimal(item["actual"])
                for item in stored.get("kpis", [])
            },
            risks=tuple(
                RiskEntry(item["id"], {k: v for k, v in item.items() if k != "id"})
                for item in stored.get("risks", [])
            ),
        )


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def current_baseline(project_id: int) -> Baseline | None:
    """The plan in force. Cost: one query."""
    return (
        Baseline.objects.filter(project_id=project_id, state=RequestState.APPROVED)
        .order_by("-number")
        .first()
    )


def computed(update: MonthlyUpdate, given: Mapping[str, Any]) -> dict[str, Any]:
    """Progress, earned and planned value of a report, as it would be with `given`, where the
    weights of the milestones give them; nothing where they are reported. Cost: two queries."""

    def after(name: str) -> Any:
        return given.get(name, getattr(update, name, None))

    if after("basis") != EarnedBasis.MILESTONES or after("project") is None:
        return {}
    project_id, details = after("project").pk, Details.of(after("details"))
    steps = []
    for milestone in Milestone.objects.filter(project_id=project_id, weight__isnull=False):
        filed = details.milestones.get(milestone.pk, {})
        reached = filed.get("actual_on", milestone.actual_on)
        steps.append(filing.Step(milestone.weight or 0, milestone.planned_on, reached))
    plan = current_baseline(project_id)
    budget = None if plan is None else plan.budget_at_completion
    progress, earned, planned = filing.by_milestones(steps, budget, after("period"))
    return {"progress_percent": progress, "earned_value": earned, "planned_value": planned}
