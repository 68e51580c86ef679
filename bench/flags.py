"""How long judging takes: every flag of the fictional government, and those of one project.

    .venv/bin/python bench/flags.py [--scale 1]

Uses a SQLite database of its own in a temporary folder (or DATABASE_URL where set, which must be
empty). Prints seconds of this run, and what one project costs beside all of them.
"""

import argparse
import io
import os
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "governance.settings.test")
        sys.path.insert(0, str(ROOT))
        import django

        django.setup()
        run(asked.scale)


def run(scale: int) -> None:
    from django.core.management import call_command
    from django.db import transaction
    from django.utils import timezone

    from governance.audit import Act
    from projects.models import Project, System
    from projects.services import flags

    call_command("migrate", verbosity=0)
    call_command("seed_demo", scale=scale, verbosity=0, stdout=io.StringIO())
    act, day = Act(None, datetime.now(UTC), "bench"), timezone.localdate()
    project = Project.objects.filter(phase="building").order_by("pk")[0]

    def one() -> None:
        with transaction.atomic():
            flags.recompute_for(act, as_of=day, project_ids=[project.pk])

    whole = timed(lambda: flags.recompute_all(act, as_of=day))
    single = min(timed(one) for _round in range(5))
    print(f"systems {System.objects.count():,}, projects {Project.objects.count():,}")
    print(f"all flags        {whole:7.3f} s")
    print(f"one project      {single * 1000:7.1f} ms   1/{whole / single:,.0f} of all")


if __name__ == "__main__":
    main()
