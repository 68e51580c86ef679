"""What happens to an account: passwords, addresses, second factors, deactivation.

Who may do it to whom is decided by the caller; each function writes one event.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import Min

from governance import audit
from governance.audit import Act
from governance.models import AccountTie, User
from governance.people import mailboxes, mails, sessions, sign_ins, ties
from governance.people.links import Way


def _in_hand_since(user: User) -> datetime | None:
    """Since when others have had the account in hand without its holder being proven; None where
    nobody has. Cost: one query."""
    open_ties = AccountTie.objects.filter(user=user)
    if user.proven_at is not None:
        open_ties = open_ties.filter(at__gte=user.proven_at)
    since: datetime | None = open_ties.aggregate(since=Min("at"))["since"]
    return since


def is_proven(user: User) -> bool:
    """Whether nobody had the account in hand since its holder was proven. Cost: one query."""
    return user.proven_at is not None and _in_hand_since(user) is None


@transaction.atomic
def prove(act: Act, user: User, *, is_password_new: bool) -> None:
    """The holder has shown who they are. Whatever somebody else may have set while they had the
    account in hand ends with that: second factors, sessions, and the password unless it is new.

    Audited as "user.proven", and "user.credentials_ended" where something ended.
    """
    since = _in_hand_since(user)
    if since is not None:
        factors = Authenticator.objects.filter(user=user, created_at__gte=since)
        kinds = sorted(factors.values_list("type", flat=True))
        stood = audit.credentials.standing([user.pk])
        ends_password = not is_password_new and user.has_usable_password()
        factors.delete()
        if ends_password:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        if kinds or ends_password:
            after: dict[str, Any] = {"factors": kinds, "password": ends_password}
            after |= audit.credentials.untold(stood, user)
            audit.record_object(
                act,
                "user.credentials_ended",
                user,
                before=None,
                after=after,
                wrote=audit.credentials.since(stood, user),
            )
            sign_ins.tell_holder(user, f"ended:{act.at.isoformat()}", "credentials-ended", act)
        sessions.end_all(act, user, "proven")
    ties.prove(act, user)


@transaction.atomic
def set_password_by_link(act: Act, user: User, password: str, way: Way) -> None:
    """The holder of a one-time link sets a password; every session ends. A mailed link proves the
    holder where the address does; else whoever typed that may be the reader, and is tied to the
    account. The holder of the link acts as the account, and `act.source` says by what kind of link.
    Audited as "user.password_set"."""
    act = replace(act, user=user)
    _set_password(act, "user.password_set", user, password, {"link": way.value})
    sessions.end_all(act, user, "password")
    if way is Way.MAIL:
        if mailboxes.proves(user):
            prove(act, user, is_password_new=True)
        else:
            # Also after a proof by single sign-on: "forgotten" ties nobody, and leads there too.
            ties.tie_all(act, user, mailboxes.typed_by(user) or (), AccountTie.Kind.LINK_SEEN)
    _tell_password(act, user)


@transaction.atomic
def change_password(act: Act, user: User, password: str, *, keep: str | None) -> None:
    """The signed-in person changes the own password; all sessions but `keep` end. Audited as
    "user.password_changed"."""
    _set_password(act, "user.password_changed", user, password, {})
    sessions.end_all(act, user, "password", but=keep)
    _tell_password(act, user)


def _set_password(act: Act, verb: str, user: User, password: str, after: dict[str, str]) -> None:
    stood = audit.credentials.standing([user.pk])
    user.set_password(password)
    user.save(update_fields=["password"])
    wrote = audit.credentials.since(stood, user)
    told = {**after, **audit.credentials.untold(stood, user)}
    audit.record_object(act, verb, user, before=None, after=told, wrote=wrote)


def password_was_set(act: Act, user: User) -> None:
    """What follows where a command set a password: every session ends, the holder is told."""
    sessions.end_all(act, user, "password")
    _tell_password(act, user)


def _tell_password(act: Act, user: User) -> None:
    sign_ins.tell_holder(user, f"password:{act.at.isoformat()}", "password-changed", act)


@transaction.atomic
def change_address(act: Act, user: User, email: str) -> bool:
    """Give an account another address; False where it is the same. Who it belongs to is open again,
    and the old address is told by mail. Audited as "user.address_changed".

    Raises ValidationError.
    """
    mailboxes.refuse_odd(email)
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.email == email:
        return False
    before = {"email": user.email, "proven_at": user.proven_at}
    user.email, user.proven_at = email, None
    user.full_clean(exclude=["password"])
    user.save(update_fields=["email", "proven_at"])
    after = {"email": email, "proven_at": None}
    audit.record_object(act, "user.address_changed", user, before=before, after=after)
    ties.tie(act, user, AccountTie.Kind.RESET)
    sign_ins.tell_holder(user, f"address:{act.at.isoformat()}", "address-changed", act)
    if old := before["email"]:
        # Notices follow the new address, which may be a stranger's. Sent once the change holds.
        transaction.on_commit(lambda: mails.tell_old_address(user, str(old), act.at))
    return True


@transaction.atomic
def factor_changed(act: Act, user: User, verb: str, kind: str, stood: Mapping[str, str]) -> None:
    """Keep and tell that a second factor was added, removed or renewed; runs inside the write, with
    what `stood` before it (`audit.credentials.standing`)."""
    wrote = audit.credentials.since(stood, user)
    after = {"factor": kind, **audit.credentials.untold(stood, user)}
    event = audit.record_object(act, verb, user, before=None, after=after, wrote=wrote)
    told = "factor-removed" if verb.endswith("removed") else "factor-added"
    sign_ins.tell_holder(user, f"factor:{event.seq}", told, act)


def recovery_code_used(act: Act, user: User, stood: Mapping[str, str]) -> None:
    """One code less; runs inside the transaction that takes it. Audited as
    "user.recovery_code_used"."""
    audit.record_object(
        act,
        "user.recovery_code_used",
        user,
        before=None,
        after=audit.credentials.untold(stood, user),
        wrote=audit.credentials.since(stood, user, is_derived=True),
    )


@transaction.atomic
def reset_factors(act: Act, user: User) -> int:
    """Take away every second factor of somebody who has lost them; every session ends. Returns how
    many there were. Audited as "user.factors_reset"."""
    rows = Authenticator.objects.filter(user=user)
    kinds = sorted(rows.values_list("type", flat=True))
    stood = audit.credentials.standing([user.pk])
    rows.delete()
    audit.record_object(
        act,
        "user.factors_reset",
        user,
        before={"factors": kinds},
        after=audit.credentials.untold(stood, user),
        wrote=audit.credentials.since(stood, user),
    )
    ties.tie(act, user, AccountTie.Kind.RESET)
    sessions.end_all(act, user, "factors")
    sign_ins.tell_holder(user, f"factors:{act.at.isoformat()}", "factor-removed", act)
    return len(kinds)


@transaction.atomic
def deactivate(act: Act, user: User) -> bool:
    """Close an account at once, sessions and API with it; False where it is closed already. Audited
    as "user.deactivated"."""
    return _set_active(act, user, "user.deactivated", is_active=False)


@transaction.atomic
def reactivate(act: Act, user: User) -> bool:
    """Open a closed account again; who does so has had it in hand. Audited as
    "user.reactivated"."""
    if not _set_active(act, user, "user.reactivated", is_active=True):
        return False
    ties.tie(act, user, AccountTie.Kind.RESET)
    return True


def _set_active(act: Act, user: User, verb: str, *, is_active: bool) -> bool:
    locked = User.objects.select_for_update().get(pk=user.pk)
    if locked.is_active is is_active:
        return False
    locked.is_active = is_active
    locked.save(update_fields=["is_active"])
    audit.record_object(
        act,
        verb,
        locked,
        before={"is_active": not is_active},
        after={"is_active": is_active},
    )
    if not is_active:
        sessions.end_all(act, locked, "deactivated")
    return True
