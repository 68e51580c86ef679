"""Words of the outlook in the reader's language."""

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from projects.metrics.outlook.warning import BASE_RATE, LAST_CHANGE, MODEL, RATING, Sign

Text = str | Promise

SIGNS: Final[Mapping[Sign, Text]] = {
    Sign.RATING: _("the confidence falls"),
    Sign.FINISH: _("the finish moves by more than six months"),
    Sign.COST: _("the cost grows by more than 10 %"),
}
WAYS: Final[Mapping[str, Text]] = {
    MODEL: _("early warning"),
    RATING: _("today's confidence alone"),
    BASE_RATE: _("base rate"),
    LAST_CHANGE: _("last change of the confidence"),
}
FACTORS: Final[Mapping[str, Text]] = {
    "rating_1": _("confidence is very low"),
    "rating_2": _("confidence is low"),
    "rating_4": _("confidence is high"),
    "rating_5": _("confidence is very high"),
    "rating_unknown": _("confidence was not given"),
    "rating_fell": _("confidence fell within the year"),
    "rating_rose": _("confidence rose within the year"),
    "finish_past": _("the forecast finish has passed"),
    "finish_near": _("the finish is less than two years away"),
    "finish_far": _("the finish is four years away or more"),
    "finish_unknown": _("no finish is forecast"),
    "finish_slipped": _("the finish slipped within the year"),
    "cost_grew": _("the cost grew within the year"),
    "first_year": _("in its first year on record"),
    "long_on_record": _("two years on record or more"),
    "underspent": _("spent less than 90 % of the plan to date"),
    "overspent": _("spent more than 105 % of the plan to date"),
    "cost_index_low": _("CPI below 0.9"),
    "pace_low": _("SPI below 0.9"),
    "size": _("its size"),
}
CLASSES: Final[Mapping[str, Text]] = {
    "published": _("IT projects worldwide, published (Flyvbjerg and others 2022)"),
    "all": _("all delivered projects"),
    "small": _("first budget below 100 million yen"),
    "medium": _("first budget from 100 million to below 1 billion yen"),
    "large": _("first budget of 1 billion yen or more"),
}
BIASES: Final[Mapping[str, Text]] = {
    "equipment": _("Equipment and development (IT)"),
    "outsourcing": _("Outsourcing"),
    "standard_buildings": _("Standard buildings"),
    "non_standard_buildings": _("Non-standard buildings"),
    "standard_civil": _("Standard civil engineering"),
    "non_standard_civil": _("Non-standard civil engineering"),
}
