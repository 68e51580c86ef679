from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import Act
from governance.exceptions import DomainError
from governance.models import User
from projects.services import accounts


class Command(BaseCommand):
    help = (
        "A one-time link to set the password of an account: mailed to its holder; printed where"
        " there is no mail. For first accounts, and for those that no office has in reach."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--site", required=True, help="e.g. https://governance.example.go.jp")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(_("There is no user “%(name)s”.") % {"name": options["username"]})
        act, site = Act(user=None, at=timezone.now(), source="account_link"), options["site"]
        try:
            handed = accounts.hand_link(act, user, site.rstrip("/"))
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            _("Mailed to %(to)s.") % {"to": user.email}
            if handed.mailed
            else f"{site.rstrip('/')}{handed.path}"
        )
