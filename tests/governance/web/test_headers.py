"""What every answer carries: walked page by page as somebody who is signed in, and as nobody."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.urls import reverse

from governance.access import Role
from governance.models import User
from governance.web import headers
from projects.register import KINDS
from tests.conftest import World, signed_in
from tests.projects.api.conftest import everything  # noqa: F401  (one record of each kind)
from tests.test_permission_matrix import _ARGS, STATUSES

pytestmark = pytest.mark.django_db

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


def _lacking(response: Any) -> list[str]:
    """Names of the headers that are not as they must be."""
    wrong = [name for name, value in ISOLATION.items() if response.headers.get(name) != value]
    if response.headers.get("Cache-Control") != "private, no-store":
        wrong.append("Cache-Control")
    if "camera=()" not in response.headers.get("Permissions-Policy", ""):
        wrong.append("Permissions-Policy")
    policy = response.headers.get("Content-Security-Policy", "")
    if "script-src 'self'" not in policy or "frame-ancestors 'none'" not in policy:
        wrong.append("Content-Security-Policy")
    return wrong


def _addresses(pairs: Mapping[str, tuple[models.Model, models.Model]]) -> list[str]:
    args = {**_ARGS, "projects:projects-report": ["HOME-P1", date(2026, 10, 1)]}
    with_one = {"membership-edit", "training-edit", "projects:kpi-values-change", "flag"}
    with_one |= {"flag-mute", "reports:scenario", "reports:scenario-export"}
    # Machines ask for these before anything else is up: they hold nothing to keep or embed.
    with_one |= {"healthz", "readyz", "change", "role-request"}
    paths = [reverse(name, args=args.get(name, [])) for name in STATUSES if name not in with_one]
    for slug, kind in KINDS.items():
        key = kind.key_of(pairs[slug][0])
        paths += [
            reverse(f"projects:{slug}-list"),
            reverse(f"projects:{slug}-new"),
            reverse(f"projects:{slug}-detail", args=[key]),
            reverse(f"reports:{slug}-export", args=["csv"]),
            reverse(f"api:{slug}-list"),
            reverse(f"api:{slug}-detail", args=[key]),
        ]
        if kind.is_editable:
            paths.append(reverse(f"projects:{slug}-edit", args=[key]))
    return [*paths, "/no/such/page/", reverse("flag", args=[10**6])]


@pytest.mark.parametrize("role", [Role.PMO, Role.CIO_OFFICE, None])
def test_nothing_that_a_view_makes_is_kept_or_embedded(
    role: Role | None, request: pytest.FixtureRequest, actors: dict[Role, User]
) -> None:
    pairs = request.getfixturevalue("everything")
    client: Any = Client() if role is None else signed_in(actors[role])
    wrong = {}
    for path in _addresses(pairs):
        response = client.get(path)
        if response.streaming:
            b"".join(response.streaming_content)
        if missing := _lacking(response):
            wrong[path] = missing
    assert wrong == {}


def test_answers_to_writes_are_not_kept_either(pmo: User, world: World) -> None:
    client = signed_in(pmo)
    for path in ("/systems/new/", "/api/v1/systems/", "/drafts/", "/i18n/setlang/"):
        assert _lacking(client.post(path)) == [], path


def test_a_server_error_is_not_kept(pmo: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("projects.views.search.render", breaks)
    client = signed_in(pmo)
    client.raise_request_exception = False
    response = client.get("/search/", {"q": "x"})
    assert response.status_code == 500
    assert _lacking(response) == []


def test_static_files_may_be_kept_but_not_embedded(client: Client) -> None:
    response: Any = client.get("/static/css/app.css")
    assert response.status_code == 200
    b"".join(response.streaming_content)
    assert "no-store" not in response.headers.get("Cache-Control", "")
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in response.headers


def test_no_script_reads_a_cookie_and_no_other_site_sends_one(pmo: User) -> None:
    pmo.set_password("long enough for a test")
    pmo.save()
    client = Client()
    client.get("/accounts/login/")
    client.post("/i18n/setlang/", {"language": "en"})
    client.post("/accounts/login/", {"username": "pmo", "password": "long enough for a test"})
    assert {"csrftoken", "sessionid", "django_language"} <= set(client.cookies)
    for name, cookie in client.cookies.items():
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name


def test_the_permissions_policy_names_only_what_browsers_know() -> None:
    # Each of these makes Chrome warn on every page.
    assert not {"bluetooth=()", "web-share=()"} & set(headers.PERMISSIONS.split(", "))
