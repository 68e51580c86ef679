"""What accounts are opened with, as the trail answers for it: the password, each second factor, each
tie to single sign-on.

Whoever owns the database could put a hash of their own in place of a password, sign in, and put the
old one back. So each door that changes one of these writes a state of it, a seal of its event, and of
nothing else: no sign-in, and no change of another one, takes over what came past the trail.

A state is a hash of what the database holds, never of what people type: of the password's slow and
salted hash as a whole, of a factor's data as they are kept encrypted. Nothing that helps to guess
either follows from it, and it stands when SECRET_KEY changes. What each use writes by itself is left
out: the time of the last use, when recovery codes were shown. Which codes are used is kept.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

from django.apps import apps
from django.contrib.auth.hashers import is_password_usable
from django.db import models, transaction
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from governance.audit.faults import Fault, Kind
from governance.audit.states import GONE, State, hashed
from governance.models import AuditEvent, AuditHead, AuditSeal, User

TYPE: Final = "credential"
"""The kind under which seals keep them; their key is the account's, a slash, and which one"""
NAME: Final = _("password, second factor or single sign-on of an account")
PASSWORD, FACTOR, SIGN_ON = "password", "factor", "sign-on"
_WORDS: Final[Mapping[str, Any]] = {
    PASSWORD: _("password"),
    FACTOR: _("second factor"),
    SIGN_ON: _("single sign-on"),
}
UNTOLD: Final = "untold"
"""What an event says of credentials that the trail had not told of"""
_BY_USE: Final = frozenset({"viewed_at"})
"""What merely looking at recovery codes writes"""


def _of(model: type[models.Model], users: Collection[int] | None, **having: str) -> Any:
    rows = model._default_manager.order_by("pk")
    return rows if users is None else rows.filter(**{f"{having['holder']}__in": users})


def _password(encoded: str) -> dict[str, str]:
    return {"password": hashlib.sha256(encoded.encode()).hexdigest()}


def _factor(kind: Any, data: Any) -> dict[str, str]:
    text = _canonical(str(data))
    return {"type": str(kind), "data": hashlib.sha256(text.encode()).hexdigest()}


def _canonical(text: str) -> str:
    """The data of a factor, the same from every database; as they stand where they are no JSON."""
    try:
        data = json.loads(text)
    except ValueError:  # SQLite keeps what somebody puts there, and it must hide nothing else.
        return text
    if isinstance(data, dict):
        data = {name: value for name, value in data.items() if name not in _BY_USE}
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def standing(users: Collection[int] | None = None) -> dict[str, str]:
    """Key → state of all that opens these accounts, or any account, now. Cost: three queries."""
    factor, sign_on = apps.get_model("mfa", "Authenticator"), _social_account()
    found: dict[str, dict[str, str]] = {}
    for pk, encoded in _of(User, users, holder="pk").values_list("pk", "password"):
        if encoded and is_password_usable(str(encoded)):
            found[f"{pk}/{PASSWORD}"] = _password(str(encoded))
    # As text: what cannot be read as JSON is compared too.
    as_text = Cast("data", models.TextField())
    factors = _of(factor, users, holder="user_id").annotate(text=as_text)
    for user, pk, kind, data in factors.values_list("user_id", "pk", "type", "text"):
        found[f"{user}/{FACTOR}/{pk}"] = _factor(kind, data)
    ties = _of(sign_on, users, holder="user_id").values_list("user_id", "pk", "provider", "uid")
    for user, pk, provider, uid in ties:
        found[f"{user}/{SIGN_ON}/{pk}"] = {"provider": str(provider), "uid": str(uid)}
    return {key: hashed(TYPE, key, values) for key, values in found.items()}


def _social_account() -> type[models.Model]:
    found: type[models.Model] = apps.get_model("socialaccount", "SocialAccount")
    return found


def stored(users: Collection[int] | None = None) -> Iterator[State]:
    """The states of what opens accounts that were made or brought in: for `audit.record`, `wrote`."""
    for key, state in standing(users).items():
        yield State(TYPE, key, state)


def since(before: Mapping[str, str], user: User, *, is_derived: bool = False) -> list[State]:
    """What a door has changed of an account since `before` (`standing`): for `wrote` of its event.

    With `is_derived` what is new follows from what stood before (one recovery code less, the same
    password hashed anew), so it is told only where that stood as told: else somebody's own hash would
    become the account's at their first sign-in. Cost: three queries, five with `is_derived`.
    """
    now = standing([user.pk])
    changed = sorted(key for key in {**before, **now} if before.get(key) != now.get(key))
    if is_derived:
        told = _told(changed)
        changed = [key for key in changed if told.get(key, (0, None))[1] == before.get(key)]
    return [State(TYPE, key, now.get(key, GONE)) for key in changed]


def left_behind() -> list[State]:
    """What an export without credentials left out, as its reading side tells it: gone. Cost: one
    query, and those of `standing`."""
    there = standing()
    return [
        State(TYPE, key, GONE)
        for key, (_seq, state) in sorted(_told().items())
        if state != GONE and key not in there and not key.partition("/")[2].startswith(SIGN_ON)
    ]


def _told(keys: Iterable[str] | None = None) -> dict[str, tuple[int, str]]:
    """Key → the last event that tells of it, and the state there. Cost: one query."""
    seals = AuditSeal.objects.filter(object_type=TYPE)
    if keys is not None:
        seals = seals.filter(object_key__in=list(keys))
    rows = seals.order_by("seq", "number").values_list("object_key", "seq", "state")
    return {key: (seq, state) for key, seq, state in rows}


def untold(stood: Mapping[str, str], user: User) -> dict[str, list[str]]:
    """What an event says besides where something opens an account that the trail has not told of:
    {"untold": which of them}; {} where all fits.

    Whoever puts a hash in place and the old one back, or renews it by a page, leaves nothing to
    compare: the sign-in, or the renewal, says it for ever. `stood` is `standing` before it. An account
    that the trail never told of (made past the program) is no news here. Cost: at most three queries.
    """
    told = _told(stood)
    odd = sorted({in_kind(key) for key in stood if told.get(key, (0, ""))[1] != stood[key]})
    return {UNTOLD: odd} if odd and (told or _is_known(user)) else {}


def _is_known(user: User) -> bool:
    key = str(user.pk)
    made = AuditEvent.objects.filter(object_type="user", object_key=key, verb="user.created")
    return made.exists() or AuditSeal.objects.filter(object_type="user", object_key=key).exists()


def used() -> Iterator[Fault]:
    """The events that say so, since somebody last told the trail of what changed past the program.
    Cost: two queries."""
    since = AuditEvent.objects.filter(verb="register.sealed").aggregate(models.Max("seq"))
    events = AuditEvent.objects.filter(object_type="user", after__has_key=UNTOLD)
    rows = events.filter(seq__gt=since["seq__max"] or 0).order_by("seq")
    for seq, key in rows.values_list("seq", "object_key"):
        yield Fault(seq, Kind.USED, "user", key)


# Comparing --------------------------------------------------------------------------------------


def compare(rows: list[int] | None = None) -> list[tuple[Fault, State]]:
    """Every account's against the last that the trail says: each fault, and how it stands now.

    `rows` is given the number that was compared. All accounts are held at once: there are as many as
    people. Cost: five queries, and as many again where anything does not fit.
    """
    found, count = _judged()
    if rows is not None:
        rows.append(count)
    if not found:
        return []
    with transaction.atomic():
        # Once more while every writer waits: a change in between is no fault.
        AuditHead.objects.select_for_update().filter(pk=AuditHead.ONLY).first()
        return _judged()[0]


def _judged() -> tuple[list[tuple[Fault, State]], int]:
    there, told = standing(), _told()
    accounts = {str(pk) for pk in User.objects.values_list("pk", flat=True)}
    found = []
    for key in sorted({**there, **told}):
        seq, state = told.get(key, (0, ""))
        now = there.get(key, GONE)
        # An account that is gone is itself told as gone.
        if now != state and key.partition("/")[0] in accounts:
            kind = Kind.CREDENTIALS if state else Kind.NO_EVENT
            found.append((Fault(seq, kind, TYPE, key), State(TYPE, key, now)))
    return found, len(there)


def account_of(key: str) -> str:
    """The key of the account that a key of a seal is about."""
    return key.partition("/")[0]


def in_kind(key: str) -> str:
    """Which of an account's it is, as events keep it."""
    return key.partition("/")[2].partition("/")[0]


def in_words(key: str) -> str:
    """Which of an account's it is."""
    kind = in_kind(key)
    return str(_WORDS.get(kind, kind))
