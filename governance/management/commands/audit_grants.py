from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from governance.audit import grants


class Command(BaseCommand):
    help = (
        "Print the SQL that gives a PostgreSQL role what the application needs and nothing on the"
        " trail but adding to it (docs/postgresql-roles.md). The owner of the tables runs it after"
        " each migrate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", help="The role that the application connects as.")
        parser.add_argument("--schema", default="public")

    def handle(self, *args: Any, **options: Any) -> None:
        for statement in grants.statements(options["role"], options["schema"]):
            self.stdout.write(statement)
