"""What a change request would write, in words: field by field, before and after."""

import copy
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from governance.formatting import DASH
from governance.tabular import Badge, Unknown
from projects import ends
from projects.models import ChangeRequest
from projects.register import KINDS, Kind
from projects.services.changes import values_of
from projects.tables import column, fact_text


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a request: what stood there when it was asked, what stands now, what would."""

    label: str
    before: str
    now: str
    after: str

    @property
    def has_moved(self) -> bool:
        """Whether somebody wrote to the field since it was asked for."""
        return self.now != self.before


def record_of(change: ChangeRequest) -> Any:
    """The record that a request is about. Cost: one query."""
    kind = KINDS[change.kind]
    return kind.model._default_manager.select_related(*kind.related).get(pk=change.object_pk)


def lines(change: ChangeRequest, obj: Any, user: Any, *, shows_now: bool = True) -> list[Line]:
    """What the request changes in `obj`, as it stands now where that is the reader's to see
    (`shows_now`). Cost: two queries a reference."""
    kind = KINDS[change.kind]
    before, after = _with(obj, change.before), _with(obj, change.after)
    for made in (obj, before, after):
        for name in change.after:
            ends.mark(made, name, user)
    states = {kind.states(name): name for name in change.after if kind.states(name)}
    names = [states.get(name, name) for name in change.after]
    return [
        Line(
            str(capfirst(str(kind.field(name).verbose_name))),
            _text(kind, name, before),
            # A request that was decided is told as it was asked.
            _text(kind, name, obj if change.decided_at is None and shows_now else before),
            _text(kind, name, after),
        )
        for name in dict.fromkeys(names)
    ]


def _with(obj: Any, kept: dict[str, Any]) -> Any:
    """A copy of the record as it would be with what the request keeps."""
    made = copy.copy(obj)
    for name, value in values_of(obj, kept).items():
        setattr(made, name, value)
    return made


def _text(kind: Kind, name: str, obj: Any) -> str:
    shown = column(kind, name)
    value = shown.read(obj)
    if value is None:
        return DASH
    return str(value) if isinstance(value, Unknown | Badge) else fact_text(value, shown)
