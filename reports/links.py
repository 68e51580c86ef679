"""Addresses of the pages and rows behind a figure, with the filters of the page kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from django.db import models
from django.http import QueryDict
from django.urls import reverse

from projects.explain_links import explain_url
from projects.models.choices import Stage
from projects.register import kind_of


def object_url(obj: models.Model) -> str:
    """The page of a register object."""
    return kind_of(obj).page_url(obj)


# Parameters that belong to one page and are never taken along.
_OWN = ("page", "sort", "table")


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses under the filters of one page; `query` are the parameters of its own address."""

    query: QueryDict = field(default_factory=QueryDict)
    agency_code: str = ""

    def _tail(self, changes: Mapping[str, str | None]) -> str:
        kept = self.query.copy()
        for name in _OWN:
            kept.pop(name, None)
        for name, value in changes.items():
            kept.pop(name, None)
            if value:
                kept[name] = value
        # Empty fields of the filter form say nothing.
        for name in [name for name, value in kept.items() if not value]:
            del kept[name]
        return f"?{kept.urlencode()}" if kept else ""

    def portfolio(self, **changes: str | None) -> str:
        return reverse("reports:portfolio") + self._tail(changes)

    def attention(self, **changes: str | None) -> str:
        if self.agency_code:
            changes = {"agency": self.agency_code, **changes}
        return reverse("reports:attention") + self._tail(changes)

    def agency(self, code: str) -> str:
        """The page of an agency; its own code stands in the path."""
        return reverse("reports:agency", args=[code]) + self._tail({"agency": None})

    def systems(self) -> str:
        return self._register("systems", status=self.query.get("status"))

    def projects(self) -> str:
        return self._register("projects")

    def cost_lines(self, year: int | None, cost_class: str) -> str:
        """Executed cost lines of a class and budget year."""
        return self._register(
            "cost-lines",
            budget_year=None if year is None else str(year),
            cost_class=cost_class,
            stage=Stage.EXECUTED.value,
        )

    def explain(self, metric: str, **changes: str | None) -> str:
        """How a figure of this page came about, under its filters."""
        if self.agency_code:
            changes = {"agency": self.agency_code, **changes}
        return reverse("reports:explain", args=[metric]) + self._tail(changes)

    def explain_agency(self, metric: str, code: str, **changes: str | None) -> str:
        """A figure of one agency without those below it: a row of a table of agencies."""
        return self.explain(metric, own=code, **changes)

    def explain_holder(self, metric: str, holder: models.Model, year: int | None) -> str:
        """A figure of one system, project or KPI, on the day of the page."""
        return explain_url(metric, holder, year, self.query.get("as_of"))

    @staticmethod
    def flag(pk: int) -> str:
        return reverse("flag", args=[pk])

    def item_lines(self, year: int, item: str) -> str:
        """Executed cost lines of a cost item and budget year."""
        return self._register(
            "cost-lines", budget_year=str(year), cost_item=item, stage=Stage.EXECUTED.value
        )

    def _register(self, slug: str, **filters: str | None) -> str:
        asked = {"agency": self.agency_code or self.query.get("agency"), **filters}
        tail = urlencode({name: value for name, value in asked.items() if value})
        return reverse(f"projects:{slug}-list") + (f"?{tail}" if tail else "")
