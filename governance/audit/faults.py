"""What can be wrong with the trail, in words."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """Each kind of fault; the value is what programs read, the label what people read."""

    GAP = "gap", _("an event is missing")
    BROKEN_LINK = "broken link", _("does not follow from the event before")
    ALTERED = "altered", _("the event was altered")
    SEALS_ALTERED = "seals altered", _("the list of states of this event was altered")
    CUT_OFF = "end cut off", _("the head is not the last event: the end was cut off or replaced")
    NO_HEAD = "no head", _("the head of the trail is missing")
    SECOND_HEAD = "second head", _("the trail has more than one head")
    BACK_IN_TIME = "back in time", _("earlier than an event before it: a clock was set back")
    IN_FUTURE = "in the future", _("later than now: a clock was set forward")
    ANCHORED_GONE = "anchored event gone", _("an anchor names this event, which is not there")
    NOT_ANCHORED = "not what was anchored", _("an anchor keeps another hash of this event")
    AFTER_ANCHOR = "later than its anchor", _("told to be later than the anchor that names it")
    BEFORE_ANCHOR = "earlier than the anchor before", _("earlier than the anchor before it")
    ANCHOR_ALTERED = "anchor altered", _("the anchor's signature does not fit")
    ANCHOR_FOREIGN = "anchor by another key", _("the anchor is signed by a key not known here")
    ANCHOR_MISSING = "anchor missing", _("the anchor before this one is missing or was replaced")
    ANCHOR_UNREADABLE = "anchor unreadable", _("the file is no anchor")
    ROW_ALTERED = "row altered", _("not as its last event left it")
    ROW_GONE = "row gone", _("deleted without an event")
    ROW_RISEN = "row is back", _("there again after its event of deletion")
    NO_EVENT = "no event", _("came without an event")
    DANGLING = "dangling", _("points to a record that does not exist")
    CREDENTIALS = "credentials changed", _("credentials changed outside the trail")
    USED = "used untold", _("let somebody in, or was replaced, without the trail knowing of it")
    BARRIER_MISSING = "barrier missing", _("a barrier of the database is missing or switched off")
    BARRIER_FOREIGN = "foreign trigger", _("a trigger on the trail that is not the program's own")


@dataclass(frozen=True, slots=True)
class Stands:
    """What an event says of itself today, altered or not."""

    verb: str
    object_type: str
    object_key: str
    object_name: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: at an event's number (0 for none), or at a row of the register.

    `name` is what the trail called the record, `fields` the columns in question, where they can be told;
    `is_todays_name` where only the row itself has a name, which may be part of what was changed, and
    `has_history` whether any event tells of the record. `event` is what stands at the number of a fault
    of the chain (`governance.audit.naming`).
    """

    seq: int
    kind: Kind
    object_type: str = ""
    object_key: str = ""
    detail: str = ""
    name: str = ""
    fields: tuple[str, ...] = ()
    is_todays_name: bool = False
    has_history: bool = True
    event: Stands | None = None

    def __str__(self) -> str:
        where = f"{self.object_type} {self.object_key}".strip() or str(self.seq or "-")
        return f"{where}: {self.kind.value}" + (f" ({self.detail})" if self.detail else "")

    def as_json(self) -> dict[str, Any]:
        return {
            "seq": self.seq,
            "kind": self.kind.value,
            "object_type": self.object_type,
            "object_key": self.object_key,
            "detail": self.detail,
            "name": self.name,
            "fields": list(self.fields),
            "is_todays_name": self.is_todays_name,
            "has_history": self.has_history,
            "event": None if self.event is None else asdict(self.event),
        }

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """What `as_json` made, here or in an earlier release."""
        fields = tuple(stored.get("fields", ()))
        event = stored.get("event")
        return cls(
            **{
                **stored,
                "kind": Kind(stored["kind"]),
                "fields": fields,
                "event": None if event is None else Stands(**event),
            }
        )
