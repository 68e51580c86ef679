"""Where what a flag is about can be read: no address for who would find nothing there."""

from typing import Any

from governance.access import Action, rights_of
from projects.models import Review, RiskFlag
from projects.models.review import LAYER_RESOURCES
from projects.register import kind_of

_LAYERS = {layer.value: resource for layer, resource in LAYER_RESOURCES}


def readable_subject_url(flag: RiskFlag, user: Any) -> str:
    """The page of what a flag is about; "" where `user`, who sees the flag, may not read that.

    Rights to flags and to what they are about differ: by layer for reviews. Cost: none beyond the
    rights, so that lists ask nothing row by row; the page itself decides about the row.
    """
    subject: Any = flag.subject
    if subject is None:
        return ""
    kind = kind_of(subject)
    is_review = isinstance(subject, Review)
    resources = (_LAYERS[subject.review_type.layer],) if is_review else kind.resources
    reaches = [rights_of(user).reach(resource, Action.READ) for resource in resources]
    is_near = any(
        reach.everything or flag.agency_id in reach.agency_ids or reach.project_ids
        for reach in reaches
    )
    return kind.page_url(subject) if is_near else ""
