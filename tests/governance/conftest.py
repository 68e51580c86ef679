"""Databases that are really there."""

from collections.abc import Iterator

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.databases import Sites


@pytest.fixture(scope="session")
def sites(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_blocker: DjangoDbBlocker,
    django_db_modify_db_settings: None,
) -> Iterator[Sites]:
    made = Sites(tmp_path_factory.mktemp("sites"), django_db_blocker)
    yield made
    if made.are_on_a_server:
        made.remove()
