"""Slows wrong passwords without locking anybody out.

A known device of the account has a budget of its own. Everybody else shares one budget an account
and client address, and one a client address over all accounts. A budget that is spent comes back
when its window ends; nobody's guesses touch the budget of another address or of a known device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache
from django.utils.crypto import salted_hmac

WINDOW: Final = 900
"""Seconds."""
DEVICE_LIMIT: Final = 10
ACCOUNT_LIMIT: Final = 5
CLIENT_LIMIT: Final = 50


def digest(*parts: str) -> str:
    """A name for something that must not stand anywhere as it was typed (32 hex digits)."""
    salt = "governance.people.throttle"
    return salted_hmac(salt, "\0".join(parts), algorithm="sha256").hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Budget:
    """How many attempts one source has in a window."""

    key: str
    limit: int

    def take(self) -> int:
        """Take one attempt, and tell the how manieth it is. Counted before the password is looked
        at, so that attempts at the same moment can't pass together."""
        cache.add(self.key, 0, WINDOW)
        try:
            return cache.incr(self.key)
        except ValueError:
            # The window ended between the two lines.
            cache.set(self.key, 1, WINDOW)
            return 1

    def give_back(self) -> None:
        """Undo `take`: the password was right."""
        try:
            cache.decr(self.key)
        except ValueError:
            # The window ended meanwhile: there is nothing to give back.
            return

    def clear(self) -> None:
        cache.delete(self.key)


def budgets(name: str, client: str, device: str) -> Sequence[Budget]:
    """What an attempt is counted against: the account's `name` as typed, the client's address, and
    the mark of a known device or ""."""
    if device:
        return (Budget(f"sign-in:{digest('device', device)}", DEVICE_LIMIT),)
    account = digest("account", name.casefold(), client)
    return (
        Budget(f"sign-in:{account}", ACCOUNT_LIMIT),
        Budget(f"sign-in:{digest('client', client)}", CLIENT_LIMIT),
    )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that was counted."""

    taken: tuple[tuple[Budget, int], ...]

    @property
    def is_refused(self) -> bool:
        return any(count > budget.limit for budget, count in self.taken)

    @property
    def is_first(self) -> bool:
        """The first of this account and client in the window."""
        return self.taken[0][1] == 1

    @property
    def is_last(self) -> bool:
        """The last that is looked at: one more is refused."""
        return any(count == budget.limit for budget, count in self.taken)

    @property
    def is_first_refused(self) -> bool:
        return any(count == budget.limit + 1 for budget, count in self.taken)

    @property
    def count(self) -> int:
        return self.taken[0][1]

    def was_right(self) -> None:
        """The password was right: the account starts afresh here. What the client tried on other
        accounts stays counted, or one account of its own would let it guess for ever."""
        first, *rest = (budget for budget, _count in self.taken)
        first.clear()
        for budget in rest:
            budget.give_back()


def attempt(name: str, client: str, device: str) -> Attempt:
    """Count an attempt to sign in. Once a budget is spent, the next ones are not asked."""
    taken: list[tuple[Budget, int]] = []
    for budget in budgets(name, client, device):
        count = budget.take()
        taken.append((budget, count))
        if count > budget.limit:
            break
    return Attempt(tuple(taken))


def may_ask(what: str, limit: int) -> bool:
    """Whether something may be asked for once more in this window (e.g. a mail)."""
    return Budget(f"ask:{digest(what)}", limit).take() <= limit
