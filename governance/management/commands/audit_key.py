from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from governance.audit import keys
from governance.exceptions import DomainError


class Command(BaseCommand):
    help = (
        "Print the public key that verifies anchors, and its fingerprint: auditors keep both. The"
        " secret half stays in its file and is never printed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--make", action="store_true", help="Make the key; never replaces one.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["make"]:
                keys.make()
            public = keys.signing_key().public_key()
        except FileExistsError as error:
            raise CommandError(
                _("There is a key already in %(path)s: it is not replaced.") % {"path": keys.path()}
            ) from error
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("Key file: %(path)s") % {"path": keys.path()})
        self.stdout.write(_("Public key: %(key)s") % {"key": keys.public_text(public)})
        self.stdout.write(_("Fingerprint: %(key)s") % {"key": keys.fingerprint(public)})
