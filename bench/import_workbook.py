"""How long a workbook of new cost rows takes: dry run and commit, beside a plain bulk insert.

    .venv/bin/python bench/import_workbook.py [--rows 10000] [--systems 500]

Uses a SQLite database of its own in a temporary folder (or DATABASE_URL where set, which must be
empty). Prints seconds of this run and, since machines differ, the ratio to the bulk insert.
"""

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start


def workbook(rows: int, systems: int) -> bytes:
    """A filled-in sheet of new cost lines: distinct by system, year, item and stage."""
    import xlsxwriter

    from projects.imports.sheets.layout import BY_SLUG

    sheet = BY_SLUG["cost-lines"]
    columns = sheet.columns()
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    page = book.add_worksheet(sheet.title)
    page.write_row(0, 0, [sheet.label(name) for name in columns])
    page.write_row(1, 0, columns)
    stages = ("initial", "supplementary", "requested", "transfers")
    for number in range(rows):
        system, rest = number % systems, number // systems
        values = {
            "system": f"S{system:05}",
            "budget_year": 2015 + rest // (len(stages) * 4) % 20,
            "sheet_year": 2026,
            "cost_item": f"item{rest // len(stages) % 4}",
            "stage": stages[rest % len(stages)],
            "amount": 1_000_000 + number,
        }
        page.write_row(number + 2, 0, [values.get(name, "") for name in columns])
    book.close()
    return target.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--systems", type=int, default=500)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings.test")
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        run(asked.rows, asked.systems)


def run(rows: int, systems: int) -> None:
    from django.core.management import call_command
    from django.db import transaction

    from governance.access import Role
    from governance.audit import Act
    from governance.models import Agency, Membership, User
    from projects.imports import sheets
    from projects.models import CostItem, CostLine, System, SystemClass
    from projects.models.choices import CostClass, SystemStatus

    call_command("migrate", verbosity=0)
    agency = Agency.objects.create(code="bench", name="計測省")
    kind = SystemClass.objects.create(code="bench", name="計測")
    made = System.objects.bulk_create(
        System(
            system_id=f"S{n:05}",
            name=f"システム{n}",
            agency=agency,
            system_class=kind,
            status=SystemStatus.OPERATING,
        )
        for n in range(systems)
    )
    items = [
        CostItem.objects.create(code=f"item{n}", name=f"経費{n}", cost_class=CostClass.OPERATION)
        for n in range(4)
    ]
    user = User.objects.create_user("bench-pmo")
    Membership.objects.create(user=user, role=Role.PMO, agency=agency)
    content = workbook(rows, systems)
    now, on = datetime.now(UTC), date(2026, 11, 24)

    def plain() -> None:
        with transaction.atomic():
            CostLine.objects.bulk_create(
                (
                    CostLine(
                        system=made[n % systems],
                        budget_year=2015 + n // systems % 20,
                        sheet_year=2026,
                        cost_item=items[n % 4],
                        stage="initial",
                        account=str(n),
                        amount=n,
                    )
                    for n in range(rows)
                ),
                batch_size=500,
            )
            transaction.set_rollback(True)

    _none, bulk = timed(plain)
    checked, dry = timed(lambda: sheets.check(content, file_name="bench.xlsx", user=user, on=on))
    if checked.errors:
        raise SystemExit("\n".join(str(error) for error in checked.errors[:10]))
    act: Any = Act(user=user, at=now, source="bench")
    _run, written = timed(lambda: sheets.commit(act, checked))
    if CostLine.objects.count() != rows:
        raise SystemExit(f"{CostLine.objects.count()} rows were written")
    print(f"rows {rows:,}, systems {systems:,}, file {len(content) / 1024:,.0f} kB")
    print(f"plain bulk insert {bulk:6.2f} s")
    print(f"dry run           {dry:6.2f} s   {dry / bulk:5.1f} × the insert")
    print(f"commit            {written:6.2f} s   {written / bulk:5.1f} × the insert")


if __name__ == "__main__":
    main()
