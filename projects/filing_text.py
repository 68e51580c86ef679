"""What the checks of a monthly report found, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance.formatting import yen as money
from projects.metrics.filing import Finding
from projects.models.choices import Confidence

_FIELDS: Final[Mapping[str, str | Promise]] = {
    "progress": gettext_lazy("progress"),
    "actual_cost": gettext_lazy("actual cost to date"),
    "forecast_end": gettext_lazy("forecast finish"),
    "confidence": gettext_lazy("PJMO's confidence"),
}


def finding_text(finding: Finding) -> str:
    """One sentence, or two, with the figures that were compared."""
    return _SENTENCES[finding.check](finding.figures)


def _progress_back(f: Mapping[str, Any]) -> str:
    return _("Progress went back: %(now)s%%, after %(last)s%% last month.") % f


def _cost_below_last(f: Mapping[str, Any]) -> str:
    figures = {"now": money(f["now"]), "last": money(f["last"])}
    return _("The cost to date went down: %(now)s, after %(last)s last month.") % figures


def _forecast_in_past(f: Mapping[str, Any]) -> str:
    return (
        _(
            "The forecast finish %(forecast)s lies before the end of %(month)s, but the work is not"
            " done. Give the day you expect now, or a progress of 100%%."
        )
        % f
    )


def _forecast_below_actual(f: Mapping[str, Any]) -> str:
    figures = {"forecast": money(f["forecast"]), "actual": money(f["actual"])}
    return (
        _("The forecast final cost %(forecast)s is less than what was spent already: %(actual)s.")
        % figures
    )


def _earned_above_budget(f: Mapping[str, Any]) -> str:
    figures = {"earned": money(f["earned"]), "budget": money(f["budget"])}
    return _("The earned value %(earned)s is above the budget at completion %(budget)s.") % figures


def _progress_against_earned(f: Mapping[str, Any]) -> str:
    return (
        _("Progress says %(progress)s%%, but the earned value is %(earned)s%% of the budget.") % f
    )


def _done_but_not_finished(f: Mapping[str, Any]) -> str:
    return _("Progress is 100%%, but the forecast finish %(forecast)s is still to come.") % f


def _zero_variance(f: Mapping[str, Any]) -> str:
    return (
        _(
            "Planned value, earned value and actual cost have been equal for %(months)s months:"
            " were they measured?"
        )
        % f
    )


def _text_against_rating(f: Mapping[str, Any]) -> str:
    figures = {"word": f["word"], "rating": Confidence(int(f["confidence"])).label}
    return _("The narrative says “%(word)s”, but the confidence is “%(rating)s”.") % figures


def _rating_against_figures(f: Mapping[str, Any]) -> str:
    figures = {**f, "rating": Confidence(int(f["confidence"])).label}
    return _("The confidence is “%(rating)s”, but %(index)s is %(value)s.") % figures


def _incomplete(f: Mapping[str, Any]) -> str:
    names = ", ".join(str(_FIELDS[name]) for name in str(f["missing"]).split(","))
    return _("Not reported: %(names)s.") % {"names": names}


_SENTENCES: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "progress_back": _progress_back,
    "cost_below_last": _cost_below_last,
    "forecast_in_past": _forecast_in_past,
    "forecast_below_actual": _forecast_below_actual,
    "earned_above_budget": _earned_above_budget,
    "progress_against_earned": _progress_against_earned,
    "done_but_not_finished": _done_but_not_finished,
    "zero_variance": _zero_variance,
    "text_against_rating": _text_against_rating,
    "rating_against_figures": _rating_against_figures,
    "incomplete": _incomplete,
}
