"""Addresses at which the figures of one system, project or KPI explain themselves."""

from urllib.parse import urlencode

from django.db import models
from django.urls import reverse

from projects.register import kind_of


def explain_url(
    metric: str, about: models.Model, year: int | None = None, as_of: str | None = None
) -> str:
    """The Explain page of a figure of `about`, of a fiscal year and day where these matter."""
    kind = kind_of(about)
    asked = {
        kind.slug.removesuffix("s"): kind.key_of(about),
        "year": None if year is None else str(year),
        "as_of": as_of,
    }
    tail = urlencode({name: value for name, value in asked.items() if value})
    return f"{reverse('reports:explain', args=[metric])}?{tail}"
