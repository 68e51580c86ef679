from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import User
from projects.services import accounts


class Command(BaseCommand):
    help = "Close an account at once: nobody signs in with it, its sessions and its API access end."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="Why; it stands in the audit trail.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(_("There is no user “%(name)s”.") % {"name": options["username"]})
        act = Act(
            user=None, at=timezone.now(), source="deactivate_user", reason=options["reason"].strip()
        )
        try:
            is_changed = accounts.deactivate(act, user)
        except DomainError as error:
            raise CommandError(str(error)) from error
        text = _("Deactivated: %(name)s") if is_changed else _("Was deactivated: %(name)s")
        self.stdout.write(text % {"name": user.username})
