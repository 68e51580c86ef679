from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from governance import audit
from governance.models import AuditHead


class Command(BaseCommand):
    help = "Walk the audit trail's hash chain; exit 1 where an event was altered or is missing."

    def handle(self, *args: Any, **options: Any) -> None:
        faults = list(audit.verify())
        for fault in faults:
            self.stderr.write(f"{fault.seq}: {fault.kind}")
        if faults:
            raise CommandError(
                _("The audit trail is NOT whole: %(n)d faults.") % {"n": len(faults)}
            )
        head = AuditHead.objects.order_by("pk").first()
        self.stdout.write(
            _("The audit trail is whole: %(n)d events, last hash %(hash)s.")
            % {"n": head.seq if head else 0, "hash": (head.hash if head else "") or "-"}
        )
