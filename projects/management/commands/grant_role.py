from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.access import Role
from governance.audit import Act
from governance.models import Agency, User
from projects.services import people


class Command(BaseCommand):
    help = (
        "Give an account a government-wide role (CIO office, advisor, auditor), or a first office"
        " role with --agency: all other roles are given in the application."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("--agency", help="Code of the agency, for roles of an office.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(_("There is no user “%(name)s”.") % {"name": options["username"]})
        agency = None
        if options["agency"]:
            agency = Agency.objects.filter(code=options["agency"]).first()
            if agency is None:
                raise CommandError(
                    _("There is no agency “%(code)s”.") % {"code": options["agency"]}
                )
        act = Act(user=None, at=timezone.now(), source="grant_role")
        values = {
            "user": user,
            "role": options["role"],
            "agency": agency,
            "valid_from": timezone.localdate(act.at),
        }
        try:
            granted = people.grant(act, values)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(_("Granted: %(what)s") % {"what": granted})
