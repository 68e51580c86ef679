"""What one reader may be told of a flag: its figures only where they may read what these are from.

Rights to flags and to what rules look at differ: accounting sees that a project has a flag and reads
no report. So the row stands, and in the place of its figures the reader is told why there are none.
Every door that prints a flag asks here; the sentence itself (`projects.risk_text`) knows no reader.
"""

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import Any, Final

from governance.access import Action, Reach, Resource, rights_of
from governance.formatting import DASH, NOT_SHOWN
from projects.metrics.risk import RULES, Source
from projects.models import RiskFlag, System
from projects.models.review import LAYER_RESOURCES
from projects.risk_text import Note, note_of

_LAYERS: Final = {layer.value: resource for layer, resource in LAYER_RESOURCES}
# Of a rule that the book no longer holds nobody knows what its figures are from: it takes them all.
_EVERYTHING: Final = frozenset().union(*(rule.sources for rule in RULES.values()))


def _resources(rule_id: str, layer: str) -> frozenset[Resource]:
    """What the figures of a rule are taken from; `layer` is that of the review that it judges."""
    rule = RULES.get(rule_id)
    sources = _EVERYTHING if rule is None else rule.sources
    layers = frozenset(_LAYERS.values()) if not layer else frozenset({_LAYERS[layer]})
    single = frozenset(Resource(source) for source in sources if source is not Source.REVIEW)
    return single | layers if Source.REVIEW in sources else single


class FlagSight:
    """One reader's sight of flags. Cost: none; one query, once, where a project's role has to be
    held against a flag on a system."""

    def __init__(self, user: Any) -> None:
        self._rights = rights_of(user)

    def shows(self, flag: RiskFlag) -> bool:
        """Whether the reader may be told the figures of a flag, whose contract or review and review
        type are joined."""
        contract, review = flag.contract, flag.review
        holders = [one for one in (flag, contract, review) if one is not None]
        return self.reads(
            _resources(flag.rule_id, "" if review is None else review.review_type.layer),
            flag.agency_id,
            {one.project_id for one in holders if one.project_id is not None},
            {one.system_id for one in holders if one.system_id is not None},
        )

    def reads(
        self,
        resources: Iterable[Resource],
        agency_id: int,
        project_ids: Collection[int],
        system_ids: Collection[int],
    ) -> bool:
        """Whether the reader may read all of `resources` of a record that hangs on these."""
        return all(
            self._covers(self._rights.reach(resource, Action.READ), agency_id, project_ids)
            or self._covers_systems(self._rights.reach(resource, Action.READ), system_ids)
            for resource in resources
        )

    @staticmethod
    def _covers(reach: Reach, agency_id: int, project_ids: Collection[int]) -> bool:
        if reach.everything or agency_id in reach.agency_ids:
            return True
        return not reach.project_ids.isdisjoint(project_ids)

    def _covers_systems(self, reach: Reach, system_ids: Collection[int]) -> bool:
        if not system_ids or not reach.project_ids:
            return False
        return any((pk, one) in self._linked for pk in system_ids for one in reach.project_ids)

    @cached_property
    def _linked(self) -> frozenset[tuple[int, int]]:
        """System and project, of the systems of the projects that the reader holds a role in."""
        held = {one.project_id for one in self._rights.held if one.project_id is not None}
        links = System.projects.through.objects.filter(project_id__in=held)
        return frozenset(links.values_list("system_id", "project_id"))

    def note(self, flag: RiskFlag) -> Note:
        """A flag in words, or that its figures are not shown."""
        return note_of(flag) if self.shows(flag) else Note(str(NOT_SHOWN), DASH)

    def subject(self, flag: RiskFlag) -> str:
        """What a flag is about, by name: a review that the reader may not read by what it is of."""
        review = flag.review
        if review is None or self.shows_review(flag):
            return str(flag.subject)
        return str(review.system or review.project)

    def shows_review(self, flag: RiskFlag) -> bool:
        """Whether the reader may read the review that a flag is about; True where it is of none."""
        review = flag.review
        if review is None:
            return True
        return self.reads(
            {_LAYERS[review.review_type.layer]},
            flag.agency_id,
            {pk for pk in (review.project_id,) if pk is not None},
            {pk for pk in (review.system_id,) if pk is not None},
        )
