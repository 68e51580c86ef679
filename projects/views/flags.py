"""One flag: what was found, the figures and thresholds behind it, and how it went before."""

from collections.abc import Mapping
from typing import Any, Final

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from governance.access import Action, can, get_visible_or_404
from governance.formatting import NOT_SHOWN
from governance.tabular import Badge, Column, Kind, Table, build_table
from projects import ends
from projects.explain_links import explain_url
from projects.flag_links import readable_subject_url
from projects.flag_sight import FlagSight
from projects.flag_text import figures, severity_badge, thresholds
from projects.models import RiskFlag
from projects.models.choices import FlagSeverity
from projects.risk_text import title_of
from projects.rule_text import citation

_PAIRS: tuple[Column[tuple[str, str]], ...] = (
    Column("name", gettext_lazy("name"), lambda row: row[0]),
    Column("value", gettext_lazy("value"), lambda row: row[1]),
)


def _badge(flag: RiskFlag) -> Badge:
    return severity_badge(flag.severity)


_OLD: tuple[Column[RiskFlag], ...] = (
    Column("opened_on", gettext_lazy("opened on"), lambda row: row.opened_on, Kind.DATE),
    Column("severity", gettext_lazy("severity"), _badge, Kind.CHOICE),
    Column(
        "severity_since",
        gettext_lazy("at this severity since"),
        lambda row: row.severity_since,
        Kind.DATE,
    ),
    Column("closed_on", gettext_lazy("closed on"), lambda row: row.closed_on, Kind.DATE),
)


def _history_columns(sight: FlagSight) -> tuple[Column[RiskFlag], ...]:
    return (*_OLD, Column("why", gettext_lazy("why"), lambda row: sight.note(row).why))


_JOINED: Final = (
    "system",
    "project",
    "contract",
    "review__review_type",
    "review__system",
    "review__project",
)
_NONE_SHOWN: Final = ((gettext_lazy("figures used"), NOT_SHOWN),)


@require_safe
def flag_page(request: HttpRequest, key: int) -> HttpResponse:
    """Open or closed. Cost: four queries; one more for a role of a project, on a system's flag."""
    rows: Any = RiskFlag.objects.select_related("agency", *_JOINED)
    flag: RiskFlag = get_visible_or_404(rows, request.user, pk=key)
    sight, is_named = FlagSight(request.user), ends.sees(request.user, _holder(flag))
    # A flag that was closed stays with the office of then; what it was about may have moved on.
    url = readable_subject_url(flag, request.user) if is_named else ""
    subject = sight.subject(flag) if is_named else str(ends.UNSEEN)
    is_shown = sight.shows(flag)
    return render(
        request,
        "projects/flag.html",
        {
            "title": title_of(flag.rule_id),
            "crumbs": [
                {"label": subject, "url": url},
                {"label": title_of(flag.rule_id)},
            ],
            "flag": flag,
            "subject": subject,
            "subject_url": url,
            "note": sight.note(flag),
            "citation": citation(flag.rule_id),
            # The rows behind the figures are for who may read these.
            "is_shown": is_shown,
            "explained": _explained(flag) if is_shown and is_named else "",
            "figures": _pairs(figures(flag) if is_shown else _NONE_SHOWN, _("Figures used")),
            "thresholds": _pairs(thresholds(flag), _("Thresholds used")),
            "history": _history(flag, request.user, sight),
            "is_muted": flag.is_muted(timezone.localdate()),
            "may_mute": flag.closed_on is None
            and flag.severity != FlagSeverity.UNKNOWN
            and can(request.user, Action.FLAG, flag),
        },
    )


def _holder(flag: RiskFlag) -> models.Model | None:
    """What a flag is about; of a review, what that is of: its own rights are the layer's."""
    review = flag.review
    return flag.subject if review is None else review.system or review.project


# The metric that explains what a rule looked at, and the figure that names its fiscal year.
_EXPLAINED: Final[Mapping[str, tuple[str, str]]] = {
    "cost_overrun": ("cost_variance", ""),
    "schedule_slip": ("schedule_variance_days", ""),
    "bcr_below_one": ("bcr", ""),
    "execution_rate": ("execution_rate", "fiscal_year"),
    "carry_over": ("carry_over_rate", "fiscal_year"),
    "unused_budget": ("unused_rate", "fiscal_year"),
    "cost_growth": ("operation_cost", "last_year"),
    "low_online_use": ("digital_take_up", "fiscal_year"),
    "unit_cost_outlier": ("unit_cost_multiple", "fiscal_year"),
    "no_outcome": ("executed_cost", ""),
}


def _explained(flag: RiskFlag) -> str:
    """Where the rows behind the flag's figures are; "" where these stand on its own page."""
    metric, year = _EXPLAINED.get(flag.rule_id, ("", ""))
    about = flag.system or flag.project
    if not metric or about is None:
        return ""
    return explain_url(metric, about, flag.figures.get(year))


def _pairs(pairs: Any, caption: str) -> Table:
    return build_table(_PAIRS, list(pairs), caption=caption, query={})


def _history(flag: RiskFlag, user: Any, sight: FlagSight) -> Table | None:
    """What the rule found on the same thing before, as far as the reader sees it: it may have been
    another office's then."""
    same = {
        name: getattr(flag, name)
        for name in ("system_id", "project_id", "contract_id", "review_id")
    }
    before = RiskFlag.objects.visible_to(user).filter(rule_id=flag.rule_id, **same)
    rows = list(before.select_related(*_JOINED).exclude(pk=flag.pk)[:50])
    if not rows:
        return None
    return build_table(_history_columns(sight), rows, caption=_("The same rule before"), query={})
