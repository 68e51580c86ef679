"""Who is told when a review or a finding is written, answered, closed or changed: the reviewer,
the ministry under review and the project, all but whoever did it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from django.db import models
from django.urls import reverse
from django.utils import timezone

from governance.access import Resource
from governance.audit import Act
from governance.field_rights import PARTS
from governance.notices import Telling, tell
from projects.models import Finding, Review
from projects.services.field_rights import resource_of, ties_of
from projects.services.office_holders import holders

# What happened, by the field that changed; the first that fits is told.
_OF_A_REVIEW: Final = (
    ("verdict", "review-judged"),
    ("is_complete", "review-completed"),
    ("response", "review-answered"),
    ("response_text", "review-answered"),
)
_OF_A_FINDING: Final = (
    ("accepted_on", "finding-closed"),
    ("answer", "finding-answered"),
)


def tell_of(act: Act, obj: models.Model, *, before: Mapping[str, Any] | None) -> None:
    """Tell everybody concerned what happened to a review or a finding; of anything else nothing.

    `before` is None for a new record. Cost: at most eight queries.
    """
    if isinstance(obj, Review):
        kind = _kind(obj, before, _OF_A_REVIEW, new="review-ordered", other="review-changed")
        review, path = obj, reverse("projects:reviews-detail", args=[obj.pk])
    elif isinstance(obj, Finding):
        kind = _kind(obj, before, _OF_A_FINDING, new="finding-written", other="finding-changed")
        review, path = obj.review, reverse("projects:findings-detail", args=[obj.pk])
    else:
        return
    args = {
        "review": str(review.review_type),
        "subject": str(review.project or review.system),
        "text": " ".join(obj.text.split())[:120] if isinstance(obj, Finding) else "",
    }
    event = f"{kind}:{obj.pk}:{obj.version}"
    tell([Telling(user, event, kind, args, path) for user in _concerned(act, review)], act.at)


def _kind(
    obj: Any,
    before: Mapping[str, Any] | None,
    kinds: tuple[tuple[str, str], ...],
    *,
    new: str,
    other: str,
) -> str:
    if before is None:
        return new
    return next((kind for name, kind in kinds if _differs(obj, before, name)), other)


def _differs(obj: Any, before: Mapping[str, Any], name: str) -> bool:
    value = getattr(obj, name)
    return (value or None) is not None and str(value) != str(before[name])


def _concerned(act: Act, review: Review) -> Iterator[int]:
    """The reviewer, the ministry and the project of a review, but whoever acts."""
    resource: Resource = resource_of(review)
    agencies, projects = ties_of(review)
    parts = PARTS[resource]
    people = holders(
        parts["reviewer"] | parts["ministry"], agencies, projects, timezone.localdate(act.at)
    )
    author = None if act.user is None else act.user.pk
    return (user for user in sorted(people) if user != author)
