"""Whose mailbox an address leads to, by the trail: what a mail to it proves about its reader."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from governance.models import AccountTie, AuditEvent, User
from governance.people import ties

_TYPED: Final = ("user.created", "user.address_changed")
_ANSWERED: Final = "user.password_set"
_PLAIN: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


def _domain(text: str) -> str:
    """A domain as mail servers write it: one case, other scripts as xn--."""
    try:
        return text.encode("idna").decode().casefold()
    except UnicodeError:
        return text.casefold()


def _mailbox(address: str) -> tuple[str, str]:
    """The mailbox and the domain that an address leads to: capitals, quotation marks, the script of
    the domain and a +tag change neither."""
    local, _at, domain = address.strip().rpartition("@")
    plain = unicodedata.normalize("NFKC", local).casefold().replace('"', "").replace("\\", "")
    return plain.partition("+")[0] or plain, _domain(domain)


def refuse_odd(address: str) -> None:
    """Raise ValidationError for an address whose spelling could hide whose mailbox it is: other than
    letters of ASCII, digits and the usual signs. None has to be given."""
    if address and not _PLAIN.fullmatch(address):
        told = _("Write the address in plain letters, digits and signs, without quotation marks.")
        raise ValidationError({"email": told})


def is_shared(user: User) -> bool:
    """Whether another account has or had the mailbox of this one too: whoever reads it may be the
    holder of that one. Nobody hands the own mailbox on to a second account.

    A claim counts that somebody else typed, that a mail to it was answered for, or whose account
    may be one person with this one; nobody keeps a colleague unproven by typing their address into
    the own account. Cost: five queries, more along a chain of ties, one an account that had it.
    """
    mailbox = _mailbox(user.email)
    # Also as the domain is written in its own script; odd spellings of the rest are compared below.
    ends = {f"@{mailbox[1]}", f"@{_own_script(mailbox[1])}"}
    now = User.objects.filter(_any("email", ends)).exclude(pk=user.pk)
    rows = [(pk, [email]) for pk, email in now.values_list("pk", "email")]
    then = AuditEvent.objects.filter(
        _any("before__email", ends) | _any("after__email", ends),
        object_type="user",
        verb__in=_TYPED,
    ).exclude(object_key=str(user.pk))
    for key, *states in then.values_list("object_key", "before", "after"):
        rows.append((int(key), [(state or {}).get("email") or "" for state in states]))
    had = {pk for pk, addresses in rows if mailbox in map(_mailbox, addresses)}
    if not had:
        return False
    hands = ties.tied_to([user.pk]) | (typed_by(user) or frozenset())
    return not had.isdisjoint(hands) or any(_holds(pk, mailbox) for pk in had)


def _any(path: str, ends: Iterable[str]) -> Q:
    found = Q()
    for end in ends:
        found |= Q(**{f"{path}__iendswith": end})
    return found


def _own_script(domain: str) -> str:
    try:
        return domain.encode().decode("idna")
    except UnicodeError:
        return domain


def is_own_word(user: User) -> bool:
    """Whether nothing but the word of whoever holds the account says that its address is theirs.
    Cost: two queries."""
    return not _holds(user.pk, _mailbox(user.email))


def _holds(pk: int, mailbox: tuple[str, str]) -> bool:
    """Whether an account has or had a mailbox by more than its holder's own word. Cost: two
    queries."""
    events = AuditEvent.objects.filter(
        object_type="user", object_key=str(pk), verb__in=(*_TYPED, _ANSWERED)
    ).order_by("seq")
    address: str | None = None  # By the trail; what nobody typed there came by the machine.
    is_own_word = False
    for verb, actor_id, before, after in events.values_list("verb", "actor_id", "before", "after"):
        given = after or {}
        if verb == _ANSWERED:
            if is_own_word and given.get("link") == "mail":
                return True
            continue
        old = (before or {}).get("email") or ""
        if old != (address or "") and _mailbox(old) == mailbox:
            return True
        address = given.get("email") or ""
        is_own_word = _mailbox(address) == mailbox and actor_id == pk
        if _mailbox(address) == mailbox and not is_own_word:
            return True
    stands = User.objects.filter(pk=pk).values_list("email", flat=True).first() or ""
    return _mailbox(stands) == mailbox and stands != address


def typed_by(user: User) -> frozenset[int] | None:
    """Who but the holder may have typed the address (ids): its writer by the trail, and whoever had
    the account in hand when it was written as the holder. None where nobody can tell: the machine
    made the account, or the trail does not know the address. Cost: two queries."""
    typed = (
        AuditEvent.objects.filter(object_type="user", object_key=str(user.pk), verb__in=_TYPED)
        .order_by("seq")
        .last()
    )
    if typed is None or typed.actor_id is None or (typed.after or {}).get("email") != user.email:
        return None
    if typed.actor_id != user.pk:
        return frozenset({typed.actor_id})
    then = AccountTie.objects.filter(ties.open_ties(typed.at), user=user, at__lte=typed.at)
    return frozenset(then.values_list("actor_id", flat=True))


def proves(user: User) -> bool:
    """Whether a mail to the account's address proves its holder: the mailbox is no other account's,
    and either of a domain that gives one to its own people alone (PROVING_MAIL_DOMAINS) or typed by
    the holder while nobody else had the account in hand. Cost: as `is_shared`, and two queries."""
    if not user.email or is_shared(user):
        return False
    official = {one.strip().casefold().lstrip("@.") for one in settings.PROVING_MAIL_DOMAINS}
    return _mailbox(user.email)[1] in official or typed_by(user) == frozenset()


def _is_planted(user: User) -> bool:
    """Whether the address was typed as the holder while others had the account in hand, and nobody
    answered a mail to it since: whoever signs on would come into a stranger's account."""
    return bool(typed_by(user)) and is_own_word(user)


def holder_of(addresses: list[str]) -> User | None:
    """The one account that single sign-on finds by addresses which its provider has verified: open,
    without single sign-on yet, and by a mailbox that no other account has or had, nor anybody typed
    there who had the account in hand. Cost: one query
    an address, and as `is_shared` for each account found, and four.
    """
    found: set[User] = set()
    for address in addresses:
        rows = User.objects.filter(email__iexact=address, is_active=True)
        found.update(user for user in rows if not is_shared(user) and not _is_planted(user))
    if len(found) != 1:
        return None
    (user,) = found
    return None if user.socialaccount_set.exists() else user  # type: ignore[attr-defined]
