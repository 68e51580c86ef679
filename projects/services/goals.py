"""The goal chain: goals, and why one leads to another."""

from collections.abc import Mapping
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from projects.models import Kpi, KpiLink
from projects.models.choices import KpiKind

_RANK: Final[Mapping[str, int]] = {kind: rank for rank, kind in enumerate(KpiKind)}


def judge(link: KpiLink) -> None:
    """Raise ValidationError unless a link says why, goes from activity towards outcome, and closes
    no circle. Cost: one query a step of the chain behind it."""
    faults: dict[str, Any] = {}
    if not link.reason.strip():
        faults["reason"] = _("Say why the one goal leads to the other.")
    if _RANK[link.target.kind] < _RANK[link.origin.kind]:
        faults["target"] = _("Goals lead from activity to output to outcome, not back.")
    elif _reaches(link.target, link.origin):
        faults["target"] = _("This goal leads back to the first one: the chain would be a circle.")
    if faults:
        raise ValidationError(faults)


def _reaches(start: Kpi, end: Kpi) -> bool:
    seen: set[int] = set()
    front = {start.pk}
    while front:
        if end.pk in front:
            return True
        seen |= front
        links = KpiLink.objects.filter(origin__in=front)
        front = set(links.values_list("target_id", flat=True)) - seen
    return False
