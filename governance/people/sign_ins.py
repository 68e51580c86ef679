"""Signing in and out as the trail tells it: every success, and failures so that no attacker can
fill it."""

from typing import Any, Final

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from governance import audit
from governance.audit import Act
from governance.models import AuditEvent, User
from governance.notices import Telling, tell
from governance.people import devices, sessions
from governance.people.throttle import Attempt, digest

LATEST: Final = ("user.signed_in", "user.sign_in_failed", "user.sign_in_throttled")


def _about(act: Act, verb: str, user: User | None, name: str, after: dict[str, Any]) -> None:
    """One event about an account; of a name that nobody has only a digest is kept, because people
    type passwords into the wrong field."""
    with transaction.atomic():
        if user is not None:
            audit.record_object(act, verb, user, before=None, after=after)
        else:
            key = f"?{digest('name', name)}"
            audit.record(act, verb, object_type="user", object_key=key, after=after)


def failed(user: User | None, name: str, client: str, attempt: Attempt) -> None:
    """A wrong password. Told with the first of a window and with the last before the wait, each
    with its count: two events an account, client and window."""
    if attempt.is_first or attempt.is_last:
        act = Act(user=None, at=timezone.now(), source="sign-in")
        after = {"client": client, "attempts": attempt.count}
        _about(act, "user.sign_in_failed", user, name, after)


def refused(user: User | None, name: str, client: str, attempt: Attempt) -> None:
    """An attempt that was not looked at. Told once a window."""
    if attempt.is_first_refused:
        act = Act(user=None, at=timezone.now(), source="sign-in")
        after = {"client": client, "attempts": attempt.count}
        _about(act, "user.sign_in_throttled", user, name, after)


def code_failed(request: HttpRequest, user: User, client: str) -> None:
    """A wrong code of the second factor, after the right password; five in five minutes at most
    (ACCOUNT_RATE_LIMITS)."""
    act = Act(user=None, at=timezone.now(), source="sign-in")
    _about(act, "user.second_factor_failed", user, "", {"client": client})


def way_of(request: HttpRequest, user: User) -> str:
    """By what somebody signs in: "password", "password+totp", "passkey", "oidc" …"""
    names = {"socialaccount": "oidc"}
    found = []
    for record in get_authentication_records(request, user):
        if record.get("reauthenticated"):
            continue
        if record.get("passwordless"):
            found.append("passkey")
        else:
            found.append(record.get("type") or names.get(record["method"], record["method"]))
    return "+".join(dict.fromkeys(found))


def succeeded(request: HttpRequest, response: HttpResponse, user: User, client: str) -> None:
    """Somebody has signed in: the trail, and a notice where the browser is new. Audited as
    "user.signed_in"."""
    way, now = way_of(request, user), timezone.now()
    act = Act(user=user, at=now, source="oidc" if "oidc" in way else "web")
    is_known = bool(devices.mark_of(request, user))
    with transaction.atomic():
        # The first sign-in of all has no browser to compare with.
        is_first = not AuditEvent.objects.filter(
            object_type="user", object_key=str(user.pk), verb="user.signed_in"
        ).exists()
        # Put back afterwards, a password or factor put in its place would leave no other sign.
        odd = audit.credentials.untold(audit.credentials.standing([user.pk]), user)
        after = {"by": way, "client": client, "known_device": is_known, **odd}
        event = audit.record_object(act, "user.signed_in", user, before=None, after=after)
        if not is_known and not is_first:
            tell_holder(user, f"new-device:{event.seq}", "new-device", act, client=client)
    request.session[sessions.WAY] = way
    devices.remember(request, response, user)


def signed_out(request: HttpRequest, user: User) -> None:
    """Must run inside the transaction that ends the session. Audited as "user.signed_out"."""
    act = Act(user=user, at=timezone.now())
    audit.record_object(act, "user.signed_out", user, before=None, after={})


def tell_holder(user: User, event: str, kind: str, act: Act, **args: str) -> None:
    """Tell somebody what happened to their own account."""
    moment = timezone.localtime(act.at).strftime("%Y-%m-%d %H:%M")
    tell([Telling(user.pk, event, kind, {"at": moment, **args}, reverse("account"))], act.at)


def latest(user: User, count: int = 10) -> list[AuditEvent]:
    """The last sign-ins of an account, also those that failed. Cost: one query."""
    rows = AuditEvent.objects.filter(object_type="user", object_key=str(user.pk), verb__in=LATEST)
    return list(rows[:count])


def has_second_factor(user: User) -> bool:
    """Whether an authenticator app or a passkey is enrolled. Cost: one query."""
    types = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    return bool(Authenticator.objects.filter(user=user, type__in=types).exists())
