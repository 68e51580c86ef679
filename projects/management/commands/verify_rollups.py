from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from projects.services import rollups


class Command(BaseCommand):
    help = "Compare every stored rollup with its raw lines; exit 1 where one differs."

    def handle(self, *args: Any, **options: Any) -> None:
        count = 0
        for found in rollups.differences():
            count += 1
            self.stderr.write(
                f"{found.holder} {found.holder_id} FY{found.fiscal_year} {found.figure}: "
                f"{found.stored} ≠ {found.expected}"
            )
        if count:
            raise CommandError(_("%(n)d rollup figures differ from their lines.") % {"n": count})
        self.stdout.write(_("Every rollup equals its lines."))
