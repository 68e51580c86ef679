"""What every endpoint shares: default-deny, one error shape, the description and its page."""

from io import BytesIO
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError
from django.http import Http404
from django.test import Client, RequestFactory, override_settings
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access import Resource
from governance.api.exceptions import StaleVersion, handler
from governance.api.parsers import JSONParser, TooLarge
from governance.exceptions import Conflict, DomainError
from governance.models import User
from tests.conftest import signed_in

# Default-deny -----------------------------------------------------------------------------------


class _Unnamed(APIView):
    """A view that forgot to say whose rights it asks."""

    def get(self, request: Request) -> Response:
        return Response({"secret": 1})


class _Named(_Unnamed):
    resources = (Resource.SYSTEM,)

    def delete(self, request: Request) -> Response:
        return Response({"deleted": 1})


def _answer(view: type[APIView], method: str, user: User) -> Response:
    request = RequestFactory().generic(method, "/")
    request.user = user
    # Sessions are tried elsewhere; here the request comes from `user`.
    request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
    answer: Response = view.as_view()(request)
    return answer


@pytest.mark.django_db
def test_a_view_that_names_no_resource_is_closed_to_all(cio: User) -> None:
    assert _answer(_Unnamed, "GET", cio).status_code == 403


@pytest.mark.django_db
def test_a_handler_that_no_right_covers_is_closed_to_all(cio: User) -> None:
    assert _answer(_Named, "GET", cio).status_code == 200
    assert _answer(_Named, "DELETE", cio).status_code == 403
    assert _answer(_Named, "PATCH", cio).status_code == 405


# Errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "code", "fields"),
    [
        (DjangoValidationError({"name": ["short"]}), 400, "invalid", {"name": ["short"]}),
        (DjangoValidationError("all wrong"), 400, "invalid", {"__all__": ["all wrong"]}),
        (exceptions.ValidationError(["x", "y"]), 400, "invalid", {"__all__": ["x", "y"]}),
        (
            exceptions.ValidationError({"a": {"0": ["x"], "3": ["y"]}}),
            400,
            "invalid",
            {"a": ["x", "y"]},
        ),
        (DomainError("no"), 400, "refused", {}),
        (Http404(), 404, "not_found", {}),
        (PermissionDenied(), 403, "forbidden", {}),
        (exceptions.PermissionDenied(), 403, "forbidden", {}),
        (exceptions.Throttled(), 429, "throttled", {}),
        (IntegrityError("unique"), 409, "conflict", {}),
    ],
)
def test_every_error_has_one_shape(
    error: Exception, status: int, code: str, fields: dict[str, list[str]]
) -> None:
    answer = handler(error, {})
    assert answer is not None
    assert answer.status_code == status
    said = answer.data["error"]
    assert set(said) == {"code", "message", "fields", "stored"}
    assert (said["code"], said["fields"], said["stored"]) == (code, fields, None)
    assert said["message"]


@pytest.mark.parametrize("error", [Conflict({"name": "先"}), StaleVersion({"name": "先"})])
def test_a_conflict_shows_what_is_stored(error: Exception) -> None:
    answer = handler(error, {})
    assert answer is not None
    assert (answer.status_code, answer.data["error"]["stored"]) == (409, {"name": "先"})


def test_a_fault_of_the_product_stays_one() -> None:
    assert handler(ZeroDivisionError(), {}) is None


# Bodies -------------------------------------------------------------------------------------------


def test_a_body_beyond_the_limit_is_not_read() -> None:
    body = BytesIO(b'{"a": "' + b"x" * 5_000 + b'"}')
    with override_settings(DATA_UPLOAD_MAX_MEMORY_SIZE=1_000), pytest.raises(TooLarge):
        JSONParser().parse(body)
    assert body.tell() == 1_001


def test_a_byte_order_mark_is_no_error() -> None:
    assert JSONParser().parse(BytesIO(b'\xef\xbb\xbf{"a": 1}')) == {"a": 1}


# Description ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_description_is_for_those_who_signed_in(client: Client) -> None:
    answer = client.get("/api/schema/")
    assert answer.status_code == 401
    page = client.get("/api/docs/")
    assert page.status_code == 302
    assert page.headers["Location"] == "/accounts/login/?next=/api/docs/"


@pytest.mark.django_db
def test_the_description_speaks_the_readers_language(outsider: User) -> None:
    client = signed_in(outsider)
    english = client.get("/api/schema/").json()
    assert english["openapi"].startswith("3.1")
    assert english["paths"]["/api/v1/systems/"]["get"]["summary"] == "List: systems"
    japanese = client.get("/api/schema/", query_params={"lang": "ja"}).json()
    assert japanese["info"]["title"] == "IT投資ガバナンス・ダッシュボード"
    assert client.get("/api/schema/").json() == english


@pytest.mark.django_db
def test_the_description_comes_as_yaml_too(outsider: User) -> None:
    answer = signed_in(outsider).get("/api/schema/", headers={"accept": "application/yaml"})
    assert answer.content.startswith(b"openapi: 3.1")


@pytest.mark.django_db
@pytest.mark.parametrize("query", [{"lang": "fr"}, {"lang": "../x"}, {"langue": "ja"}])
def test_a_description_that_is_not_to_be_had(outsider: User, query: dict[str, str]) -> None:
    answer = signed_in(outsider).get("/api/schema/", query_params=query)
    assert answer.status_code == 400
    assert list(answer.json()["error"]["fields"]) == list(query)


def test_the_page_needs_no_file_of_another_host() -> None:
    template = Path("templates/governance/api_docs.html").read_text()
    assert "//" not in template
