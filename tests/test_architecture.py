"""The house's one-way imports, and what must never stand in a committed file."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_imports_point_one_way() -> None:
    result = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout


def test_every_model_declares_how_rights_reach_it() -> None:
    from django.apps import apps

    bare = {
        model.__name__
        for app in ("governance", "projects", "reports")
        for model in apps.get_app_config(app).get_models()
        if not hasattr(model, "access")
    }
    # Ties of accounts are read by the rule alone; the audit head and marks of jobs are technical;
    # drafts, notices, uploaded and exported files are their owner's alone; what was learned is a sum
    # over all; seals are shown with the trail.
    assert bare == {
        "AccountTie",
        "AuditHead",
        "AuditSeal",
        "ExportChunk",
        "ExportJob",
        "JobMark",
        "Draft",
        "Notice",
        "ImportJob",
        "OutlookRun",
    }
