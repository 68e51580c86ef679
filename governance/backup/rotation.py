"""Which backups may go: the newest of each of the last days, weeks and months stay. PURE."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from governance.exceptions import DomainError

_PERIODS: Final[Mapping[str, Callable[[datetime], tuple[int, ...]]]] = {
    "daily": lambda at: (at.year, at.month, at.day),
    "weekly": lambda at: tuple(at.isocalendar())[:2],
    "monthly": lambda at: (at.year, at.month),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How many days, weeks and months keep their newest backup."""

    counts: Mapping[str, int]

    @classmethod
    def read(cls, text: str) -> "Rule":
        """From "daily=7,weekly=5,monthly=12"; raises DomainError for anything else, and for a
        rule that keeps nothing."""
        counts: dict[str, int] = {}
        for piece in text.split(","):
            found = re.fullmatch(r"(daily|weekly|monthly)=([0-9]{1,4})", piece.strip())
            if found is None or found[1] in counts:
                raise DomainError(
                    _("“%(text)s” is no rule: write daily=7,weekly=5,monthly=12.") % {"text": text}
                )
            counts[found[1]] = int(found[2])
        if not any(counts.values()):
            raise DomainError(_("This rule would keep no backup at all."))
        return cls(counts)

    def kept(self, moments: Iterable[datetime]) -> set[datetime]:
        """Which of these stay; the newest of all always does."""
        newest_first = sorted(moments, reverse=True)
        kept = set(newest_first[:1])
        for name, count in self.counts.items():
            seen: set[tuple[int, ...]] = set()
            for at in newest_first:
                period = _PERIODS[name](at)
                if period not in seen and len(seen) < count:
                    seen.add(period)
                    kept.add(at)
        return kept
