from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Role
from governance.audit import Act
from governance.models import Agency, Membership, User
from governance.models.base import snapshot


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
        act = Act(user=None, at=timezone.now(), source="grant_role")
        membership = Membership(
            user=user, role=options["role"], valid_from=timezone.localdate(act.at)
        )
        if options["agency"]:
            membership.agency = Agency.objects.filter(code=options["agency"]).first()
            if membership.agency is None:
                raise CommandError(
                    _("There is no agency “%(code)s”.") % {"code": options["agency"]}
                )
        try:
            with transaction.atomic():
                membership.full_clean()
                membership.save()
                audit.record_object(
                    act, "membership.granted", membership, before=None, after=snapshot(membership)
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(_("Granted: %(what)s") % {"what": membership})
