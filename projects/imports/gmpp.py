"""Reads the UK's published major-projects file: one row a project and year, no stable id.

Names are matched letter by letter without case, spaces and punctuation; a project that was renamed
counts as a new one.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from django.utils.translation import gettext as _

from projects.metrics.outlook.warning import Case, State, signs

RATINGS: Final = {"Green": 5, "Amber/Green": 4, "Amber": 3, "Amber/Red": 2, "Red": 1}
_COLUMNS: Final = (
    "report_year",
    "project_name",
    "ipa_dca",
    "end_date",
    "fy_baseline_gbp_m",
    "fy_forecast_gbp_m",
    "whole_life_cost_baseline_gbp_m",
)


class UnreadableFile(ValueError):
    """The file is not the one that is published."""


def read_cases(path: Path) -> list[Case]:
    """One case a project and year. The reports show the state at the end of September.

    Raises UnreadableFile, naming what is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            rows = list(csv.DictReader(source))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(_("The file cannot be read: %(why)s") % {"why": error}) from error
    missing = [name for name in _COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise UnreadableFile(_("Columns are missing: %(names)s") % {"names": ", ".join(missing)})
    by_project: dict[str, dict[int, State]] = defaultdict(dict)
    for number, row in enumerate(rows, 2):
        try:
            year = int(row["report_year"])
        except (TypeError, ValueError) as error:
            raise UnreadableFile(
                _("Row %(row)d: “%(given)s” is no year.")
                % {"row": number, "given": row["report_year"]}
            ) from error
        by_project[_key(row["project_name"] or "")][year] = _state(row)
    return [case for name in sorted(by_project) for case in _cases(name, by_project[name])]


def _cases(name: str, states: Mapping[int, State]) -> list[Case]:
    cases = []
    for year, now in sorted(states.items()):
        then = states.get(year + 1)
        cases.append(
            Case(
                subject=name,
                day=date(year, 9, 30),
                now=now,
                before=states.get(year - 1),
                years=sum(earlier < year for earlier in states),
                signs={} if then is None else signs(now, then),
            )
        )
    return cases


def _key(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _state(row: Mapping[str, str]) -> State:
    planned, forecast = _money(row["fy_baseline_gbp_m"]), _money(row["fy_forecast_gbp_m"])
    cost = _money(row["whole_life_cost_baseline_gbp_m"])
    return State(
        rating=RATINGS.get(row["ipa_dca"]),
        finish=_day(row["end_date"]),
        cost=cost if cost and cost > 0 else None,
        spent=float(forecast / planned) if planned and forecast is not None else None,
    )


def _day(text: str) -> date | None:
    """None where no day was published."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _money(text: str) -> Decimal | None:
    """None where no amount was published (words stand there: exempt, see narrative)."""
    try:
        amount = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
