"""Explain: how one figure came about, down to the rows that people entered.

A figure is asked for by its metric, the filters of the page it stood on and, where it is about one
thing, that thing. The value comes from the same function as on the page, the rows from the same
selection, so that both can be held against each other.
"""

from collections.abc import Callable, Mapping

from reports.explain import buying, delivery, goals, holders, plans, spending, sums, value
from reports.explain.answer import Asked, Explanation

Explainer = Callable[[Asked], Explanation]

EXPLAINERS: Mapping[str, Explainer] = {
    **sums.EXPLAINERS,
    **buying.EXPLAINERS,
    **goals.EXPLAINERS,
    **delivery.EXPLAINERS,
    **spending.EXPLAINERS,
    **value.EXPLAINERS,
}
"""Metrics of many things. Those of one system or project are tried first (`explain`)."""
OF_A_HOLDER: Mapping[str, Explainer] = {
    **holders.EXPLAINERS,
    **spending.OF_A_SYSTEM,
    **value.OF_A_SYSTEM,
}


def explain(asked: Asked) -> Explanation | None:
    """How the figure came about; None where nothing of the kind can be asked for.

    Cost: a constant number of queries, at most a dozen.
    """
    if asked.project is not None and asked.metric.id in plans.METRIC_IDS:
        return plans.explain(asked)
    if asked.service is not None and asked.metric.id == "digital_take_up":
        return holders.take_up_of_service(asked, asked.service)
    if (asked.system or asked.project) is not None and asked.metric.id in OF_A_HOLDER:
        return OF_A_HOLDER[asked.metric.id](asked)
    explainer = EXPLAINERS.get(asked.metric.id)
    return None if explainer is None else explainer(asked)


FOR_CASES_ONLY = frozenset({"performance_percent"})
"""Metrics that `manage.py evaluate` computes and the register has no inputs for."""


def is_explained(metric_id: str) -> bool:
    """Whether a metric has an explanation, for many things or for one."""
    return metric_id in EXPLAINERS or metric_id in OF_A_HOLDER or metric_id in plans.METRIC_IDS
