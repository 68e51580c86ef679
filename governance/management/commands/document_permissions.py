from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from governance import field_rights
from governance.access import GRANTS, Resource, Role

_LEGEND = """# Permissions

Generated from `governance/access.py` by `python manage.py document_permissions`; do not edit by hand.

Letters: C create, E edit, S submit, A approve or decide, R read, F flag or comment. Scope: `all`
the whole government, `own` the own agency and those below it, `prj` the own projects, `case` the
projects under verification. What is not listed is denied. Unseen objects answer 404, seen ones on
which the action is not allowed 403. Why the cells are as they are:
[decision 3](decisions/0003-cells-of-the-grants-table.md).
"""


_FIELDS = """
## Fields and states

Generated from `governance/field_rights.py`. The table above says who may edit a record at all; here
stands which of its fields, while it is in which state. Both must allow it. *By request*: asked for
with a reason on the page of the record, decided by another person (the letter A of the resource, one
level up where nobody else could). `report` is the approval of a monthly report, which writes what was
filed with it. What is not listed is refused; why: [decision 17](decisions/0017-rights-by-field.md).
"""

_PARTS = """
In reviews the parts are played by:
"""

_FREE = """
Fields that whoever may edit the record writes in any state:
"""


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "–"


def _fields() -> Iterator[str]:
    """The table of field groups, line by line."""
    yield _FIELDS
    yield "| group | fields | state | written by | by request |"
    yield "| --- | --- | --- | --- | --- |"
    for line in field_rights.LINES.values():
        model, _, group = line.group.partition(".")
        fields = ", ".join(field_rights.GROUPS[model][group])
        yield (
            f"| {line.group} | {fields} | {line.state} | {_names(line.writes)}"
            f" | {_names(line.asks)} |"
        )
    yield _PARTS
    yield "| resource | reviewer | ministry | orderer |"
    yield "| --- | --- | --- | --- |"
    for resource, parts in field_rights.PARTS.items():
        yield f"| {resource.value} | " + " | ".join(_names(r) for r in parts.values()) + " |"
    yield _FREE
    for model, names in field_rights.FREE.items():
        yield f"- {model}: {_names(names)}"


def _document() -> str:
    with translation.override("en"):
        head = "| | " + " | ".join(str(role.label) for role in Role) + " |"
        lines = [_LEGEND, head, "| --- |" + " --- |" * len(Role)]
        for resource in Resource:
            cells = []
            for role in Role:
                grant = GRANTS[resource].get(role)
                letters = "".join(
                    a for a in "CESARF" if grant and a in {x.value for x in grant.actions}
                )
                cells.append(f"{grant.scope} {letters}" if grant else "–")
            lines.append(f"| {resource.value} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, *_fields()]) + "\n"


class Command(BaseCommand):
    help = "Write docs/permissions.md from the grants table; --check exits 1 where it differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / "docs" / "permissions.md"
        if not options["check"]:
            path.write_text(_document(), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != _document():
            raise CommandError("docs/permissions.md differs: run manage.py document_permissions")
