import argparse
import os
import secrets
import sys
import time
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from governance.audit import Act
from governance.management.days import day_of
from projects.seed import accounts, load
from projects.seed.frame import Frame

# Where the data of a government (from 24 years before to 8 years after) are plausible years.
_FIRST_YEAR, _LAST_YEAR = 2015, 2085


class Command(BaseCommand):
    help = (
        "Load the fictional government (25 agencies, 1,450 systems) into an empty register, with "
        "one account a role. The same seed and day give the same data; the day is today unless "
        "--as-of is given, so that late reports are late today. The password of the accounts is "
        "DEMO_PASSWORD from the environment, else random and printed once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="seed of the data (default: 1)")
        parser.add_argument(
            "--scale", type=_positive, default=1, help="times 1,450 systems (default: 1)"
        )
        parser.add_argument("--as-of", help="the day of the data, YYYY-MM-DD (default: today)")
        group = parser.add_mutually_exclusive_group()
        group.add_argument("--accounts-only", action="store_true", help="make the accounts alone")
        group.add_argument("--no-accounts", action="store_true", help="make no accounts")

    def handle(self, *args: Any, **options: Any) -> None:
        act = Act(user=None, at=timezone.now(), source="seed_demo")
        _spill_to_disk()
        with transaction.atomic():
            if not options["accounts_only"]:
                self._seed(act, options)
            if not options["no_accounts"]:
                self._accounts(act)

    # Data

    def _seed(self, act: Act, options: dict[str, Any]) -> None:
        size = load.GOVERNMENT * options["scale"]
        day = _read_day(options["as_of"]) if options["as_of"] else None
        before = load.seeded_before()
        if before is not None:
            self._compare(before, options["seed"], size, day)
            return
        if load.holds_data():
            raise CommandError(_("The register already holds other data: seed an empty database."))
        frame = Frame(options["seed"], day or timezone.localdate())
        began = time.monotonic()
        with tqdm(
            total=size, unit="system", disable=not sys.stderr.isatty(), file=sys.stderr
        ) as bar:
            rows = load.seed_government(act, frame, size=size, progress=bar.update)
        self.stdout.write(
            _("Fictional data as of %(day)s (seed %(seed)d), in %(seconds).1f s:")
            % {"day": frame.as_of, "seed": frame.seed, "seconds": time.monotonic() - began}
        )
        for name, number in sorted(rows.items()):
            self.stdout.write(f"  {name}: {number:,}")

    def _compare(self, before: load.Seeded, seed: int, size: int, day: date | None) -> None:
        """Says that there is nothing to do, or why it cannot be done."""
        if (before.seed, before.systems) != (seed, size) or (
            day is not None and day.isoformat() != before.as_of
        ):
            raise CommandError(
                _(
                    "This database was seeded with seed %(seed)d, %(systems)d systems, as of"
                    " %(day)s: seed an empty database."
                )
                % {"seed": before.seed, "systems": before.systems, "day": before.as_of}
            )
        self.stdout.write(
            _("Already seeded (seed %(seed)d, as of %(day)s): nothing to load.")
            % {"seed": before.seed, "day": before.as_of}
        )

    # Accounts

    def _accounts(self, act: Act) -> None:
        given = os.environ.get("DEMO_PASSWORD", "")
        drawn = given or secrets.token_urlsafe(12)
        made = accounts.make_accounts(act, lambda: drawn)
        for username in made.homeless:
            self.stderr.write(
                _("No account %(username)s: there is no agency or project to work in.")
                % {"username": username}
            )
        if not made.accounts:
            self.stdout.write(_("The accounts exist already; their passwords stay."))
            return
        self.stdout.write(_("Accounts (user name, role, name, where):"))
        for account in made.accounts:
            spec = account.spec
            place = account.place or _("the whole government")
            self.stdout.write(
                f"  {spec.username:<11} {spec.role.value:<17} {spec.display_name}  {place}"
            )
        if given:
            self.stdout.write(_("Password of these accounts: as set in DEMO_PASSWORD."))
        else:
            self.stdout.write(
                _("Password of these accounts (shown only now): %(password)s") % {"password": drawn}
            )


def _spill_to_disk() -> None:
    """Keep SQLite's undo of the savepoints inside the one large transaction out of memory.

    At scale 100 it would take several GB there. The choice holds for this process alone, and
    SQLite allows it outside transactions only.
    """
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA temp_store=FILE")


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        message = f"{text!r} is no whole number from 1"
        raise argparse.ArgumentTypeError(message)
    return number


def _read_day(text: str) -> date:
    day = day_of(text)
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise CommandError(
            _("Give a day from %(first)d to %(last)d.") % {"first": _FIRST_YEAR, "last": _LAST_YEAR}
        )
    return day
