"""The audit trail in words: what was changed on what, from which value to which.

Events keep columns and ids, so that they can be proved; here they are read for people. The names
behind ids are looked up once for a whole page: a constant number of queries, whatever it lists.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.formatting import DASH, integer, moment
from governance.models import AuditEvent
from governance.tabular import Text
from projects.register import Kind, kind_of
from projects.tables import is_year

_VERBS: Final[Mapping[str, Text]] = {
    "created": _("created"),
    "edited": _("edited"),
    "submitted": _("submitted"),
    "approved": _("approved"),
    "returned": _("returned"),
    "opened": _("opened"),
    "changed": _("changed"),
    "closed": _("closed"),
    "import.rs": _("imported"),
    "import.procedures": _("imported"),
    "loaded": _("loaded"),
    "linked": _("linked"),
    "recomputed": _("recomputed"),
    "published": _("published"),
    "requested": _("requested"),
    "rejected": _("rejected"),
    "withdrawn": _("withdrawn"),
    "imported": _("imported"),
    "granted": _("granted"),
    "confirmed": _("confirmed"),
    "employer_changed": _("employer changed"),
    "proven": _("identity confirmed"),
    "ended": _("ended"),
    "recorded": _("recorded"),
    "muted": _("muted"),
    "unmuted": _("heard again"),
    "deleted": _("deleted"),
    "signed_in": _("signed in"),
    "signed_out": _("signed out"),
    "timed_out": _("signed out by time"),
    "sign_in_failed": _("wrong password"),
    "sign_in_throttled": _("too many wrong passwords"),
    "second_factor_failed": _("wrong code"),
    "sessions_ended": _("sessions ended"),
    "password_set": _("password set"),
    "password_changed": _("password changed"),
    "password_rehashed": _("password hashed anew"),
    "address_changed": _("address changed"),
    "link_mailed": _("link mailed"),
    "link_not_sent": _("link not sent"),
    "link_shown": _("link shown"),
    "factor_added": _("second factor added"),
    "factor_removed": _("second factor removed"),
    "factor_renewed": _("recovery codes renewed"),
    "recovery_code_used": _("recovery code used"),
    "factors_reset": _("second factor reset"),
    "single_sign_on_linked": _("single sign-on linked"),
    "credentials_ended": _("password and factors ended"),
    "deactivated": _("deactivated"),
    "reactivated": _("reactivated"),
    "made": _("made"),
    "taken": _("taken out"),
    "sealed": _("sealed"),
    "anchored": _("anchored"),
    "check_asked": _("verification asked for"),
    "checked": _("verified"),
    "downloaded": _("downloaded"),
}
# Ways whose own names say too little: who sets a password by link acts as the account.
_SOURCES: Final[Mapping[str, Text]] = {
    "link-mail": _("by link (mailed)"),
    "link-shown": _("by link (shown)"),
}
# What events are about that is no row.
_NO_ROWS: Final[Mapping[str, Text]] = {
    "file": _("file"),
    "register": _("register"),
    "trail": _("audit trail"),
}
# Written with every change; they tell nothing that the event itself does not.
_UNTOLD: Final = frozenset({"id", "version", "updated_at", "updated_by_id", "import_run_id"})
# Values longer than this are cut in lists; the record itself holds them whole.
_LONGEST: Final = 300


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one event."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One event for the reader; `url` is the page of its object, where it has one."""

    event: AuditEvent
    verb: str
    type_name: str
    object_name: str
    url: str
    changes: tuple[Change, ...]

    @property
    def told(self) -> str:
        """All changes in one text, for a cell of a table."""
        return "; ".join(
            f"{change.label}: {change.before} → {change.after}"
            if change.before
            else f"{change.label}: {change.after}"
            for change in self.changes
        )


def models_told() -> dict[str, type[models.Model]]:
    """Every model of the product by the name under which events keep it."""
    return {
        str(model._meta.model_name): model
        for app in ("governance", "projects", "reports")
        for model in apps.get_app_config(app).get_models()
    }


def verb_text(verb: str) -> str:
    """The verb of an event in words; events of later versions keep their own name."""
    return str(_VERBS.get(verb) or _VERBS.get(verb.rpartition(".")[2], verb))


def source_text(source: str) -> str:
    """By what way, in words where it needs them."""
    return str(_SOURCES.get(source, source))


def origin_text(origin: Mapping[str, str] | None) -> str:
    """Where an event came from; "" where it does not say so."""
    told = origin or {}
    if "account" in told:
        return gettext("account %(name)s of the machine") % {"name": told["account"]}
    return ", ".join(told[name] for name in ("client", "request") if told.get(name))


def type_text(object_type: str) -> str:
    model = models_told().get(object_type)
    return str(
        _NO_ROWS.get(object_type, object_type) if model is None else model._meta.verbose_name
    )


def types_told() -> dict[str, str]:
    """What events may be about, by the name under which they keep it."""
    return {name: type_text(name) for name in (*models_told(), *_NO_ROWS)}


def entries(events: Iterable[AuditEvent]) -> list[Entry]:
    """Events in words, in the active language. Cost: one query a model that they refer to."""
    events = list(events)
    known = models_told()
    names = _Names(events, known)
    return [
        Entry(
            event=event,
            verb=verb_text(event.verb),
            type_name=type_text(event.object_type),
            object_name=event.object_name or event.object_key,
            url=names.url(event),
            changes=tuple(_changes(event, known.get(event.object_type), names)),
        )
        for event in events
    ]


class _Names:
    """Names of what foreign keys in events lead to, and addresses of what events are about."""

    def __init__(
        self, events: Iterable[AuditEvent], known: Mapping[str, type[models.Model]]
    ) -> None:
        referred: dict[type[models.Model], set[int]] = defaultdict(set)
        about: dict[type[models.Model], set[int]] = defaultdict(set)
        for event in events:
            model = known.get(event.object_type)
            if model is None:
                continue
            if event.object_key.isdecimal() and _kind(model) is not None:
                about[model].add(int(event.object_key))
            for state in (event.before, event.after):
                for name, value in (state or {}).items():
                    target = _target(model, name)
                    if target is not None:
                        referred[target].update(_ids(value))
        self.names: dict[tuple[type[models.Model], int], str] = {
            (model, row.pk): str(row)
            for model, ids in referred.items()
            for row in model._default_manager.filter(pk__in=ids)
        }
        self.keys: dict[tuple[type[models.Model], int], str] = {}
        for model, ids in about.items():
            kind = kind_of(model)
            rows = model._default_manager.filter(pk__in=ids).values_list("pk", kind.key)
            self.keys.update({(model, pk): str(key) for pk, key in rows})

    def url(self, event: AuditEvent) -> str:
        model = models_told().get(event.object_type)
        kind = None if model is None else _kind(model)
        if model is None or kind is None or not event.object_key.isdecimal():
            return ""
        key = self.keys.get((model, int(event.object_key)))
        return "" if key is None else kind.key_url(key)

    def name(self, model: type[models.Model], pk: int) -> str:
        return self.names.get((model, pk), f"#{pk}")


def _kind(model: type[models.Model]) -> Kind | None:
    try:
        return kind_of(model)
    except KeyError:
        return None


def _field(model: type[models.Model], name: str) -> "models.Field[Any, Any] | None":
    """The field of a column: events keep foreign keys under the name of their column."""
    for candidate in (name, name.removesuffix("_id")):
        try:
            found = model._meta.get_field(candidate)
        except FieldDoesNotExist:
            continue
        return found if isinstance(found, models.Field) else None
    return None


def _target(model: type[models.Model], name: str) -> type[models.Model] | None:
    field = _field(model, name)
    related = None if field is None else field.related_model
    return related if isinstance(related, type) else None


def _ids(value: object) -> list[int]:
    values = value if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, int) and not isinstance(item, bool)]


def _changes(
    event: AuditEvent, model: type[models.Model] | None, names: _Names
) -> Iterable[Change]:
    before, after = event.before or {}, event.after or {}
    for name in {**before, **after}:
        if name in _UNTOLD:
            continue
        old, new = before.get(name), after.get(name)
        if not before and new in (None, "", []):
            continue  # A new record leaves many fields empty: that is no news.
        yield Change(
            _label(model, name),
            _told(model, name, old, names) if event.before is not None else "",
            _told(model, name, new, names) if event.after is not None else DASH,
        )


def _label(model: type[models.Model] | None, name: str) -> str:
    field = None if model is None else _field(model, name)
    if field is None:
        return name
    label: Any = field.verbose_name
    return str(label) if isinstance(label, str | Promise) else name


def _told(model: type[models.Model] | None, name: str, value: object, names: _Names) -> str:
    if value in (None, "", []):
        return DASH
    field = None if model is None else _field(model, name)
    target = None if model is None else _target(model, name)
    if target is not None:
        return ", ".join(names.name(target, pk) for pk in _ids(value)) or str(value)
    if field is not None and field.choices:
        return str(dict(field.flatchoices).get(value, value))
    return _plain(field, value)


def _plain(field: "models.Field[Any, Any] | None", value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, int):
        return str(value) if field is not None and is_year(field) else integer(value)
    if isinstance(field, models.DateTimeField) and isinstance(value, str):
        at = parse_datetime(value)
        return value if at is None else moment(at)
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return _pairs(value)
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{key} ({_pairs(item)})" if isinstance(item, dict) else f"{key} = {item}"
        for key, item in sorted(values.items())
    )
