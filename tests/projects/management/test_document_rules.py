from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from projects.management.commands.document_rules import PAGE


def test_the_page_in_the_repository_is_current() -> None:
    call_command("document_rules", "--check")


def test_a_page_that_is_missing_or_old_is_refused_until_it_is_written(
    settings: Settings, tmp_path: Path
) -> None:
    settings.BASE_DIR = tmp_path
    with pytest.raises(CommandError, match="not current"):
        call_command("document_rules", "--check")
    call_command("document_rules")
    call_command("document_rules", "--check")
    (tmp_path / PAGE).write_text("old", encoding="utf-8")
    with pytest.raises(CommandError, match="not current"):
        call_command("document_rules", "--check")
