"""What a new form knows already, so that nobody types it again."""

from collections.abc import Mapping
from typing import Any, Final

from django.http import QueryDict

from projects.metrics.periods import next_month
from projects.models import MonthlyUpdate, Project
from projects.register import Kind

# What next month's report starts from. The narrative is written anew each month.
_CARRIED_ON: Final = (
    "progress_percent",
    "planned_value",
    "earned_value",
    "actual_cost",
    "forecast_cost",
    "forecast_end_on",
    "confidence",
)


def prefilled(kind: Kind, user: Any, query: QueryDict) -> dict[str, Any]:
    """Initial values: those of the address, and what the project's last record tells.

    Cost: at most two queries.
    """
    given = {name: query[name] for name in kind.fields if name in query}
    if kind.model is MonthlyUpdate and "project" in given:
        project = Project.objects.visible_to(user).filter(code=given["project"]).first()
        if project is not None:
            return {**_next_report(project, user), **given}
    return given


def _next_report(project: Project, user: Any) -> Mapping[str, Any]:
    """The month after the last report, with its values."""
    reports = MonthlyUpdate.objects.visible_to(user).filter(project=project)
    last = reports.order_by("-period", "-revision").first()
    if last is None:
        return {}
    return {
        "period": next_month(last.period),
        **{name: getattr(last, name) for name in _CARRIED_ON},
    }
