"""The two statements of a contradiction in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.formatting import fiscal_year, yen
from projects.metrics.contradictions import Contradiction, Fact, Kind
from projects.models.choices import Confidence

TITLES: Final[Mapping[Kind, str | Promise]] = {
    Kind.RATING_VARIANCE: gettext_lazy("confidence against the figures"),
    Kind.NARRATIVE_RATING: gettext_lazy("words against confidence"),
    Kind.KPIS_RATING: gettext_lazy("all KPIs met, yet confidence is low"),
    Kind.TEN_TIMES: gettext_lazy("ten times the target"),
    Kind.DATE_ORDER: gettext_lazy("order of dates"),
    Kind.MILESTONE_DATE: gettext_lazy("day of a milestone"),
    Kind.ABOVE_LEDGER: gettext_lazy("spent more than the ledger holds"),
    Kind.ZERO_VARIANCE: gettext_lazy("a whole agency exactly on plan"),
    Kind.CLOSED_FUNDED: gettext_lazy("ended, yet funded"),
}


def statements(found: Contradiction) -> tuple[str, str]:
    """What one side says, and what the other."""
    return _STATEMENTS[found.kind]({key: _shown(key, fact) for key, fact in found.facts.items()})


def _shown(key: str, fact: Fact) -> str:
    if key == "month" and isinstance(fact, date):
        return f"{fact:%Y-%m}"
    if key == "confidence" and isinstance(fact, int):
        return str(Confidence(fact).label)
    if key == "fiscal_year" and isinstance(fact, int):
        return fiscal_year(fact)
    if key in ("reported", "ledger", "amount") and isinstance(fact, int):
        return yen(fact)
    if key == "value" and isinstance(fact, Decimal):
        return f"{fact:.2f}"
    return f"{fact:,f}" if isinstance(fact, Decimal) else str(fact)


Words = Mapping[str, str]


def _confident(facts: Words) -> str:
    return _("Report of %(month)s: confidence is “%(confidence)s”.") % facts


def _rating_variance(facts: Words) -> tuple[str, str]:
    return _confident(facts), _("Its own figures give %(index)s = %(value)s.") % facts


def _narrative_rating(facts: Words) -> tuple[str, str]:
    return _confident(facts), _("Its narrative says “%(word)s”: %(narrative)s") % facts


def _kpis_rating(facts: Words) -> tuple[str, str]:
    return _confident(facts), _("All its KPIs with a target are met (%(met)s).") % facts


def _ten_times(facts: Words) -> tuple[str, str]:
    return (
        _("KPI %(kpi)s, %(fiscal_year)s: the target is %(target)s.") % facts,
        _("The actual is %(actual)s: is it the same unit?") % facts,
    )


def _date_order(facts: Words) -> tuple[str, str]:
    return (
        _("Report of %(month)s: the work is %(progress)s %% done.") % facts,
        _("The forecast finish is %(finish)s, before that month.") % facts,
    )


def _milestone(facts: Words) -> tuple[str, str]:
    second = (
        _("The project began on %(bound)s.")
        if facts["side"] == "start"
        else _("Today is %(bound)s.")
    )
    return _("“%(milestone)s” was met on %(met_on)s.") % facts, second % facts


def _above_ledger(facts: Words) -> tuple[str, str]:
    return (
        _("Report of %(month)s: %(reported)s spent to date.") % facts,
        _("The ledger holds %(ledger)s for these years, its systems' money included.") % facts,
    )


def _zero_variance(facts: Words) -> tuple[str, str]:
    return (
        _("All %(projects)s projects under way expect to end exactly on plan.") % facts,
        _("Of projects like these, hardly any do, to the yen and the day."),
    )


def _closed_funded(facts: Words) -> tuple[str, str]:
    return (
        _("It ended on %(ended_on)s.") % facts,
        _("%(fiscal_year)s still holds %(amount)s for it.") % facts,
    )


_STATEMENTS: Final[Mapping[Kind, Callable[[Words], tuple[str, str]]]] = {
    Kind.RATING_VARIANCE: _rating_variance,
    Kind.NARRATIVE_RATING: _narrative_rating,
    Kind.KPIS_RATING: _kpis_rating,
    Kind.TEN_TIMES: _ten_times,
    Kind.DATE_ORDER: _date_order,
    Kind.MILESTONE_DATE: _milestone,
    Kind.ABOVE_LEDGER: _above_ledger,
    Kind.ZERO_VARIANCE: _zero_variance,
    Kind.CLOSED_FUNDED: _closed_funded,
}
