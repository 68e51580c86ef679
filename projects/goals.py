"""The goal chain of a system or project: activity → output → outcome, with the reasons."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from governance.formatting import fiscal_year, integer
from governance.tabular import Kind as Shown
from governance.tabular import display
from projects.models import Kpi, KpiLink, KpiValue, Project, System
from projects.models.choices import KpiKind
from projects.register import KINDS, Child, Kind, can_read
from projects.ties import Ties, can_add, children_url, new_child_url

# Goals drawn as a tree; longer chains are read in the list.
GOALS: Final = 200
# Longer trees open folded, so that the rest of the page stays in reach.
UNFOLDED: Final = 12


def draws_goals(kind: Kind) -> bool:
    """Whether pages of this kind draw the chain, instead of listing KPIs."""
    return kind.model in (System, Project)


@dataclass(slots=True)
class Goal:
    """One goal in the chain, with what it leads to; `reason` is why the goal above leads here."""

    url: str
    title: str
    kind: str
    indicator: str
    result: str
    reason: str
    children: list["Goal"]
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class Goals:
    roots: list[Goal]
    count_text: str
    is_short: bool
    is_cut: bool
    all_url: str
    new_url: str


_RANK: Final[Mapping[str, int]] = {kind: rank for rank, kind in enumerate(KpiKind)}


def goals(kind: Kind, obj: Any, user: Any, ties: Ties) -> Goals | None:
    """The goal chain of a system or project: activity → output → outcome, with the reasons.

    Cost: three queries. None for other kinds, and for readers without a right to goals.
    """
    kpis = KINDS["kpis"]
    if not draws_goals(kind) or not can_read(user, kpis):
        return None
    field = "system" if kind.model is System else "project"
    found = list(Kpi.objects.visible_to(user).filter(**{field: obj})[: GOALS + 1])
    nodes = {kpi.pk: kpi for kpi in found[:GOALS]}
    links = KpiLink.objects.filter(origin__in=nodes, target__in=nodes)
    child = Child(kpis, field)
    return Goals(
        roots=_Chain(nodes, links, _results(nodes)).roots(),
        count_text=ngettext("%(count)s goal", "%(count)s goals", len(nodes))
        % {"count": integer(len(nodes))},
        is_short=len(nodes) <= UNFOLDED,
        is_cut=len(found) > GOALS,
        all_url=children_url(child, kind, obj),
        new_url=new_child_url(child, kind, obj) if can_add(user, kpis, ties) else "",
    )


def _results(nodes: Mapping[int, Kpi]) -> dict[int, str]:
    """The latest year of each goal in which a target or an actual is known, in words."""
    values = KpiValue.objects.filter(kpi__in=nodes).order_by("fiscal_year", "method_version")
    results: dict[int, str] = {}
    for value in values:
        if value.target is None and value.actual is None:
            continue
        unit = nodes[value.kpi_id].unit
        results[value.kpi_id] = _("%(year)s: target %(target)s, actual %(actual)s") % {
            "year": fiscal_year(value.fiscal_year),
            "target": _with_unit(value.target, unit),
            "actual": _with_unit(value.actual, unit),
        }
    return results


def _with_unit(value: object, unit: str) -> str:
    if value is None:
        return display(None, Shown.DECIMAL)
    return f"{display(value, Shown.DECIMAL)} {unit}".strip()


class _Chain:
    """Goals and links drawn as trees: each goal stands in full once, and is named after that."""

    def __init__(
        self, nodes: Mapping[int, Kpi], links: Iterable[KpiLink], results: Mapping[int, str]
    ) -> None:
        self.nodes, self.results = nodes, results
        self.out: dict[int, list[KpiLink]] = defaultdict(list)
        self.reached: set[int] = set()
        for link in links:
            self.out[link.origin_id].append(link)
            self.reached.add(link.target_id)
        self.drawn: set[int] = set()

    def roots(self) -> list[Goal]:
        ordered = sorted(self.nodes.values(), key=lambda kpi: (_RANK.get(kpi.kind, 9), kpi.code))
        roots = [self._goal(kpi, "") for kpi in ordered if kpi.pk not in self.reached]
        # What only a circle reaches has no beginning: it is drawn from its first goal.
        roots += [self._goal(kpi, "") for kpi in ordered if kpi.pk not in self.drawn]
        return [goal for goal in roots if not goal.is_repeated]

    def _goal(self, kpi: Kpi, reason: str) -> Goal:
        is_repeated = kpi.pk in self.drawn
        self.drawn.add(kpi.pk)
        return Goal(
            url=KINDS["kpis"].page_url(kpi),
            title=kpi.title,
            kind=" / ".join(
                str(text)
                for text in (kpi.get_kind_display(), kpi.horizon and kpi.get_horizon_display())
                if text
            ),
            indicator=kpi.indicator,
            result="" if is_repeated else self.results.get(kpi.pk, ""),
            reason=reason,
            children=[]
            if is_repeated
            else [self._goal(self.nodes[link.target_id], link.reason) for link in self.out[kpi.pk]],
            is_repeated=is_repeated,
        )
