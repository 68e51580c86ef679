"""Every filter × every choice × page, CSV and API: an answer, never a server error.

Filters and their choices are read from the filter sets and forms themselves, so that a new one is
asked about by itself. Page and CSV of a list start from one `listing`: every choice is asked of it
and of the API's filter set, and one choice a filter over HTTP. CRAWL=full asks for every choice over
HTTP (some minutes).
"""

import os
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pytest
from django import forms
from django.db import models
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from governance.models import AuditEvent, User
from projects.api.collections import COLLECTIONS
from projects.api.filters import filterset_of
from projects.audit_list import AuditFilters
from projects.filters import filters_of, listing
from projects.models import SystemClass
from projects.register import KINDS
from projects.selectors import Visible, agency_tree
from reports.filters import PortfolioFilterForm
from tests.conftest import signed_in
from tests.projects.api.conftest import everything  # noqa: F401  (one record of each kind)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("everything")]

# What may be typed where no choice is offered; the kinds that are read from a text.
TYPED: Mapping[type[forms.Field], tuple[str, ...]] = {
    forms.CharField: ("a", "%", "1"),
    forms.Field: ("2025", "令和7", "2025-10", "0", "-1", "9223372036854775808", "x"),
}
IS_FULL = os.environ.get("CRAWL") == "full"
DASHBOARDS = ("portfolio", "attention", "agencies/home")


def choices_of(field: forms.Field) -> list[str]:
    """Every choice of a field; where there is none, texts that it reads and some that it does not."""
    offered = getattr(field, "choices", None)
    if offered is None:
        return list(TYPED[forms.CharField if type(field) is forms.CharField else forms.Field])
    return [str(value) for value, _label in offered if value not in ("", None)]


def every_question(fields: Mapping[str, forms.Field]) -> Iterator[dict[str, str]]:
    for name, field in fields.items():
        for value in choices_of(field):
            yield {name: value}


def questions(fields: Mapping[str, forms.Field]) -> Iterator[dict[str, str]]:
    """What is asked over HTTP: the last choice of each filter, or all."""
    if IS_FULL:
        yield from every_question(fields)
        return
    for name, field in fields.items():
        yield from ({name: value} for value in choices_of(field)[-1:])


def query_of(question: dict[str, str]) -> QueryDict:
    query = QueryDict(mutable=True)
    query.update(question)
    return query


def failures(client: Client, addresses: Iterator[tuple[str, dict[str, str]]]) -> list[str]:
    """The addresses whose answer is a server error, or breaks while it is sent."""
    wrong = []
    for path, query in addresses:
        try:
            response: Any = client.get(path, query)
            if response.streaming:
                b"".join(response.streaming_content)
            fault = response.status_code if response.status_code >= 500 else ""
        except Exception as error:
            fault = repr(error)
        if fault:
            wrong.append(f"{path} {query}: {fault}")
    return wrong


def today() -> date:
    return timezone.localdate()


def _fields(filters: Any, model: type[models.Model], user: User) -> Mapping[str, forms.Field]:
    made = filters({}, model._default_manager.all(), user=user, on=today())
    found: Mapping[str, forms.Field] = made.form.fields
    return found


Asked = Iterator[tuple[str, dict[str, str]]]


def test_every_choice_of_every_list(cio: User) -> None:
    for slug, kind in KINDS.items():
        fields = _fields(filters_of(kind), kind.model, cio)
        assert {"q", *kind.filters} <= set(fields)
        for question in every_question(fields):
            found = listing(kind, cio, query_of(question), on=today())
            assert len(found.rows) >= 0, (slug, question)
            assert found.is_understood is (not found.complaint), (slug, question)
            assert len(found.filters.described()) <= 1, (slug, question)


def test_every_choice_of_every_collection(cio: User) -> None:
    for slug, collection in COLLECTIONS.items():
        filters = filterset_of(collection)
        rows = collection.model._default_manager.all()
        for question in every_question(_fields(filters, collection.model, cio)):
            made = filters(query_of(question), rows, user=cio, on=today())
            assert not made.is_valid() or len(made.qs) >= 0, (slug, question)


def test_every_filter_of_a_list_and_its_file(cio: User) -> None:
    def addresses() -> Asked:
        for slug, kind in KINDS.items():
            for query in questions(_fields(filters_of(kind), kind.model, cio)):
                yield f"/{slug}/", query
                yield f"/{slug}/export.csv", query

    assert failures(signed_in(cio), addresses()) == []


def test_every_filter_of_a_collection(cio: User) -> None:
    def addresses() -> Asked:
        for slug, collection in COLLECTIONS.items():
            for query in questions(_fields(filterset_of(collection), collection.model, cio)):
                yield f"/api/v1/{slug}/", query

    assert failures(signed_in(cio), addresses()) == []


def test_every_dashboard_and_its_file(cio: User) -> None:
    form = PortfolioFilterForm(
        {}, tree=agency_tree(Visible(cio)), classes=SystemClass.objects.all(), as_of=today()
    )

    def addresses() -> Asked:
        for query in questions(form.fields):
            yield "/api/v1/portfolio/", query
            for page in DASHBOARDS:
                yield f"/{page}/", query
                yield f"/{page}/export.csv", query

    assert failures(signed_in(cio), addresses()) == []


def test_the_trail_and_its_file(cio: User) -> None:
    fields = AuditFilters({}, AuditEvent.objects.all()).form.fields

    def addresses() -> Asked:
        for query in questions(fields):
            yield "/audit/", query
            yield "/audit/export.csv", query

    assert failures(signed_in(cio), addresses()) == []


def test_the_class_of_a_cost_item_is_its_own(cio: User) -> None:
    client = signed_in(cio)
    page = client.get("/cost-items/", {"cost_class": "other"})
    assert page.status_code == 200
    assert client.get("/api/v1/cost-items/", {"cost_class": "other"}).json()["count"] == 1
    assert client.get("/api/v1/cost-items/", {"cost_class": "operation"}).json()["count"] == 1
    assert client.get("/api/v1/cost-lines/", {"cost_class": "operation"}).json()["count"] == 2
