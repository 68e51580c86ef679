"""Every file that leaves is told in the trail: who took what, under which filters, how many rows."""

from collections.abc import Iterator

import pytest
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from governance import audit
from governance.models import AuditEvent, User
from projects.models import Scenario
from projects.register import KINDS
from reports import files, value_files, whatif
from reports.cost_files import COST_FILES
from reports.views.procurement import _FILES as PROCUREMENT_FILES
from tests.conftest import World, signed_in
from tests.projects.api.conftest import everything  # noqa: F401  (one record of each kind)
from tests.test_permission_matrix import _ARGS

pytestmark = pytest.mark.django_db

TABLES = {
    "reports:portfolio-export": list(files.PORTFOLIO_FILES),
    "reports:agency-export": list(files.AGENCY_FILES),
    "reports:value-export": list(value_files.VALUE_FILES),
    "reports:costs-export": list(COST_FILES),
    "reports:procurement-export": list(PROCUREMENT_FILES),
    "reports:delivery-export": ["agencies", "projects"],
    "reports:scenario-export": list(whatif.KEYS),
}


def _names(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """Addresses that end in a format: those of files."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _names(pattern.url_patterns, inner)
        elif "fmt" in pattern.pattern.converters or "fmt" in pattern.pattern.regex.groupindex:
            yield f"{space}{pattern.name}"


def _args(name: str, scenario: Scenario) -> list[str]:
    if name == "reports:scenario-export":
        return [str(scenario.pk), "csv"]
    slug = name.removeprefix("reports:").removesuffix("-export")
    return ["csv"] if slug in KINDS else [*map(str, _ARGS[name])]


def _read(response: HttpResponseBase) -> bytes:
    return b"".join(response) if response.streaming else bytes(response.content)  # type: ignore[attr-defined]


def test_every_address_of_a_file_tells_who_took_it(
    request: pytest.FixtureRequest, world: World, cio: User, pmo: User
) -> None:
    request.getfixturevalue("everything")
    scenario = Scenario.objects.create(owner=cio, name="案", assumptions={})
    names = sorted(_names(get_resolver().url_patterns))
    assert "imports-template" in names
    assert "reports:audit-export" in names
    assert len(names) > len(KINDS)
    silent = []
    for name in names:
        user = pmo if name == "imports-template" else cio
        for number, table in enumerate(TABLES.get(name, [""])):
            # Both formats pass through the same lines: one table of each address shows it.
            for fmt in ("csv", "xlsx") if number == 0 else ("csv",):
                args = [*_args(name, scenario)[:-1], fmt]
                query = {"table": table} if table else {}
                if name == "imports-template" and fmt == "csv":
                    query = {"sheet": "systems"}
                before = AuditEvent.objects.filter(verb="file.taken").count()
                response = signed_in(user).get(reverse(name, args=args), query)
                assert response.status_code == 200, (name, table, fmt)
                events = AuditEvent.objects.filter(verb="file.taken").order_by("-seq")
                assert _read(response)
                event = events.first()
                if events.count() != before + 1 or event is None or event.actor_id != user.pk:
                    silent.append((name, table, fmt))
                    continue
                assert event.after is not None
                assert event.after["format"] == fmt
                assert event.after["filters"] == query
                if event.after["rows"] is None:
                    silent.append((name, table, "uncounted"))
    assert silent == []
    assert list(audit.verify()) == []


def test_the_event_tells_the_filters_and_as_many_rows_as_the_file_holds(
    world: World, cio: User
) -> None:
    response = signed_in(cio).get("/systems/export.csv", {"q": "別省", "sort": "-name"})
    lines = _read(response).decode("utf-8-sig").splitlines()
    event = AuditEvent.objects.get()
    assert event.after == {
        "format": "csv",
        "rows": 1,
        "filters": {"q": "別省", "sort": "-name"},
    }
    assert (event.object_key, event.object_name) == ("systems.csv", "Systems")
    assert lines[-1] == "# END rows=1"


def test_a_file_that_is_refused_is_not_told(world: World, cio: User, outsider: User) -> None:
    assert signed_in(cio).get("/systems/export.csv", {"status": "nonsense"}).status_code == 400
    assert signed_in(outsider).get("/systems/export.csv").status_code == 403
    assert signed_in(cio).get("/systems/export.pdf").status_code == 404
    assert not AuditEvent.objects.exists()


def test_no_file_leaves_where_it_cannot_be_told(
    world: World, cio: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoDatabaseError(Exception):
        pass

    def broken(*_args: object, **_kwargs: object) -> None:
        raise NoDatabaseError

    monkeypatch.setattr("reports.downloads.taken", broken)
    for fmt in ("csv", "xlsx"):
        with pytest.raises(NoDatabaseError):
            signed_in(cio).get(f"/systems/export.{fmt}")


def test_the_trail_shows_it_in_words(world: World, cio: User, auditor: User) -> None:
    signed_in(cio).get("/systems/export.csv", {"q": "別省"})
    page = signed_in(auditor).get("/audit/", {"type": "file"}).content.decode()
    assert "taken out" in page
    assert "Systems" in page
    assert "q = 別省" in page
