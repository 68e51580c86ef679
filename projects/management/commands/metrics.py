import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.management.days import day_of
from projects.figures import figures_of
from projects.models import Project


class Command(BaseCommand):
    help = "Print a project's figures on a day, each with its formula and its inputs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="As JSON; else a line a figure.")
        parser.add_argument("--project", required=True, help="The project's code.")
        parser.add_argument("--as-of", help="2025-04-01; today if left out.")

    def handle(self, *args: Any, **options: Any) -> None:
        project = Project.objects.filter(code=options["project"]).first()
        if project is None:
            raise CommandError(_("There is no project “%(code)s”.") % {"code": options["project"]})
        day = day_of(options["as_of"])
        with override("en"):  # For scripts: the same words everywhere.
            found = figures_of(project, day)
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), ensure_ascii=False, indent=2))
            return
        for figure in found.figures:
            value = figure.measure.value
            shown = f"({figure.measure.reason})" if value is None else f"{value:f}"
            inputs = ", ".join(f"{item.name}={item.value}" for item in figure.inputs)
            self.stdout.write(f"{figure.metric.id}: {shown} [{inputs}] {figure.note}".rstrip())
