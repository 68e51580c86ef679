"""How far operation cost fell since a base year, in three readings that tell different stories.

  * **gross**: all that was spent at both ends, whatever systems came and went;
  * **same systems**: only systems that cost something at both ends;
  * **base-year environment**: what runs of the base year's systems today. New systems are taken
    out, ended ones stay in the base, so that their saving counts. It is the nearest reading that a
    register can give of the official measure (運用コスト削減率), which moreover takes out what
    changes of law and tax and new security duties cost: that is not in the data.

A reduction is positive where cost fell. Amounts are integer yen; None is unknown, never zero.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from projects.metrics.types import Measure, ratio, reason_for


def reduction(base: int | None, current: int | None) -> Measure:
    """(base - current) / base: 0.3 is 30 % less, a negative figure is a rise.

    Undefined with an unknown end, and from a base of zero.
    """
    if base is None or current is None:
        return Measure(None, reason_for(base, current))
    return ratio(base - current, base)


@dataclasses.dataclass(frozen=True, slots=True)
class Alike:
    """Systems that are alike in what is known of their operation cost at both ends.

    ``base`` and ``current`` are sums in yen over ``systems`` systems: None if it is unknown of all
    of them, 0 if it is zero for all of them, else positive for each. ``is_new``: they went live
    after the base year. ``took_over``: each follows a system that cost something in the base year.
    ``has_ended``: they were retired or merged. ``rose`` of them cost more at the end, and
    ``fell_by_target`` fell by the share aimed at, as far as both ends are positive.
    """

    systems: int
    base: int | None
    current: int | None
    is_new: bool = False
    took_over: bool = False
    has_ended: bool = False
    rose: int = 0
    fell_by_target: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Reduction:
    """One reading: ``base`` and ``current`` in yen over ``systems`` systems; ``left_out`` of all
    systems looked at are not in it."""

    base: int | None = None
    current: int | None = None
    systems: int = 0
    left_out: int = 0

    @property
    def ratio(self) -> Measure:
        """See `reduction`; no data where no system is in the reading."""
        return reduction(self.base, self.current)


@dataclasses.dataclass(frozen=True, slots=True)
class Readings:
    """The three readings of the same systems. ``rose`` and ``fell_by_target`` count among the
    same systems; ``unknown`` cost something in the base year, have not ended, and do not tell
    their cost at the end: gross takes them as if they had ended, the other two leave them out."""

    gross: Reduction
    same_systems: Reduction
    base_environment: Reduction
    rose: int
    fell_by_target: int
    unknown: int


def readings(groups: Iterable[Alike]) -> Readings:
    """The three readings over groups of systems. A system is in

    * gross, if its cost is known at either end;
    * same systems, if it is positive at both;
    * the base-year environment, if it was positive in the base year, the system did not go live
      later, and its cost at the end is known (an ended one costs nothing); or if it took over from
      such a system.
    """
    found = list(groups)
    same = [group for group in found if group.base and group.current]
    return Readings(
        gross=_reading(found, [g for g in found if g.base is not None or g.current is not None]),
        same_systems=_reading(found, same),
        base_environment=_reading(
            found,
            [
                dataclasses.replace(group, base=group.base or 0, current=group.current or 0)
                for group in found
                if _is_of_base_year(group)
            ],
        ),
        rose=sum(group.rose for group in same),
        fell_by_target=sum(group.fell_by_target for group in same),
        unknown=sum(
            group.systems
            for group in found
            if group.base and group.current is None and not group.has_ended
        ),
    )


def _is_of_base_year(group: Alike) -> bool:
    if group.base and not group.is_new:
        return group.current is not None or group.has_ended
    return group.took_over and group.current is not None


def _reading(asked: Iterable[Alike], taken: list[Alike]) -> Reduction:
    bases = [group.base for group in taken if group.base is not None]
    currents = [group.current for group in taken if group.current is not None]
    systems = sum(group.systems for group in taken)
    return Reduction(
        base=sum(bases) if bases else None,
        current=sum(currents) if currents else None,
        systems=systems,
        left_out=sum(group.systems for group in asked) - systems,
    )
