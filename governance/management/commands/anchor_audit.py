from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from governance.audit import Act, anchoring, anchors
from governance.exceptions import DomainError


class Command(BaseCommand):
    help = (
        "Sign the head of the audit trail into a new file of AUDIT_ANCHOR_DIR and mail it to the"
        " auditors; the regular jobs do so daily. Exit 1 where the trail does not fit the last one."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            done = anchoring.anchor(Act(user=None, at=timezone.now(), source="anchor_audit"))
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        if done is None:
            self.stdout.write(_("The trail is anchored already."))
            return
        self.stdout.write(anchoring.sentence(done))
        self.stdout.write(str(anchors.directory() / done.anchor.name))
        if not done.fits:
            raise CommandError(_("The trail does NOT fit the anchor before."))
