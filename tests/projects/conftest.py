"""One record of every kind, for the pages as for the API."""

from tests.projects.api.conftest import everything

__all__ = ["everything"]
