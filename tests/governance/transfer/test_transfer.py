"""What an office asks that leaves for another product, or comes back: is all of it there?"""

import csv
import json
import shutil
import stat
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import is_password_usable
from django.core.management import CommandError, call_command
from django.db import connection

from governance import audit
from governance.audit import sealing
from governance.models import AuditEvent, Draft, User
from governance.transfer import kinds, manifest, numbers, writing
from projects.models import System, YearRollup
from tests import factories
from tests.conftest import act
from tests.databases import Site, Sites
from tests.governance.transfer.register import NOW, STRANGE, fill

ON_A_SERVER = pytest.mark.postgres
Tables = dict[str, list[tuple[Any, ...]]]


def command(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


@pytest.fixture(scope="module")
def made(sites: Sites) -> Callable[[str, bool], Site]:
    """(engine, filled) → a database of the test's own, migrated; filled or empty."""
    templates: dict[tuple[str, bool], Site] = {}

    def one(engine: str, is_filled: bool) -> Site:
        if engine == "postgresql":  # Each is used once.
            return sites.migrated(engine, fill if is_filled else None)
        key = (engine, is_filled)
        if key not in templates:
            templates[key] = sites.migrated(engine, fill if is_filled else None)
        return sites.new(engine, like=templates[key])

    return one


@pytest.fixture
def source(made: Callable[[str, bool], Site]) -> Site:
    return made("sqlite", True)


@pytest.fixture
def target(made: Callable[[str, bool], Site]) -> Site:
    return made("sqlite", False)


@pytest.fixture
def exported(source: Site, tmp_path: Path) -> Path:
    with source.open():
        command("export_all", str(tmp_path / "out"))
    return tmp_path / "out"


def _tables(*, leave: dict[str, set[str]] | None = None) -> Tables:
    """Every row of every kind that an export carries, and the last number of each table."""
    found: Tables = {}
    for model in kinds.carried(with_credentials=True):
        label = model._meta.label
        hidden = (leave or {}).get(label, set())
        names = [f.attname for f in model._meta.concrete_fields if f.attname not in hidden]
        rows = model._base_manager.order_by("pk")
        if model is AuditEvent:
            rows = rows.exclude(verb="register.imported")
        if label == "governance.AuditHead":  # Goes on with the import's own event.
            continue
        found[label] = [
            tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)
            for row in rows.values_list(*names)
        ]
        if model is not AuditEvent:
            found[f"{label} #"] = [(numbers.last_of(model),)]
    return found


def _differing(one: Tables, other: Tables) -> dict[str, Any]:
    return {
        label: (one.get(label), other.get(label))
        for label in one.keys() | other.keys()
        if one.get(label) != other.get(label)
    }


@pytest.mark.parametrize(
    ("one", "other", "with_credentials"),
    [
        ("sqlite", "sqlite", False),
        ("sqlite", "sqlite", True),
        pytest.param("sqlite", "postgresql", True, marks=ON_A_SERVER),
        pytest.param("postgresql", "sqlite", False, marks=ON_A_SERVER),
    ],
)
def test_an_export_gives_an_equal_register(
    one: str,
    other: str,
    with_credentials: bool,
    made: Callable[[str, bool], Site],
    tmp_path: Path,
) -> None:
    source, target = made(one, True), made(other, False)
    leave: dict[str, set[str]] = {} if with_credentials else {"governance.User": {"password"}}
    with source.open():
        command("export_all", str(tmp_path / "out"), with_credentials=with_credentials)
        before, rolled = _tables(leave=leave), _rollups()
        head = AuditEvent.objects.get(verb="register.exported")
    with target.open():
        told = command("import_all", str(tmp_path / "out"))
        assert f"whole up to {head.seq}" in told
        assert _differing(before, _tables(leave=leave)) == {}
        assert _rollups() == rolled
        assert list(audit.verify()) == []
        last = AuditEvent.objects.order_by("-seq")[0]
        assert (last.verb, last.previous_hash) == ("register.imported", head.hash)
        command("verify_rollups")
        assert is_password_usable(User.objects.get(username="clerk").password) is with_credentials
        # Work goes on, with numbers that nobody had before.
        gone = max(System.objects.values_list("pk", flat=True)) + 1
        assert factories.SystemFactory.create(system_id="NEXT").pk == gone + 1


def _rollups() -> list[Any]:
    return list(
        YearRollup.objects.order_by("system", "fiscal_year").values_list("system", "executed")
    )


def test_the_sample_has_a_row_of_every_kind(source: Site) -> None:
    with source.open():
        bare = {
            model._meta.label
            for model in kinds.carried(with_credentials=True)
            if model._meta.app_label in kinds.HOUSE and not model._base_manager.exists()
        }
    assert bare == set()


def test_every_model_goes_along_or_says_why_not() -> None:
    """A new model of the house is carried by itself; one of others has to be put on a list."""
    known = {*kinds.LEFT_OUT, *kinds.CARRIED_OF_OTHERS, *kinds.SECRET}
    unheard = {
        model._meta.label
        for model in kinds.every()
        if model._meta.app_label not in kinds.HOUSE and model._meta.label not in known
    }
    assert unheard == set()
    behind = {
        model._meta.label: kinds.reason_left_out(model, with_credentials=True)
        for model in kinds.every()
        if model._meta.app_label in kinds.HOUSE
    }
    assert {label: reason for label, reason in behind.items() if reason} == {
        "governance.Draft": "not saved yet, and its writer's alone",
        "governance.ExportChunk": "its owner's alone, and made anew from the register",
        "governance.ExportJob": "its owner's alone, and made anew from the register",
        "governance.User_groups": "not used: rights follow from memberships",
        "governance.User_user_permissions": "not used: rights follow from memberships",
        "projects.YearRollup": "recomputed from the lines that it sums",
        "projects.ServiceRollup": "recomputed from the lines that it sums",
    }


def test_no_list_names_a_model_that_is_gone() -> None:
    there = {model._meta.label for model in kinds.every()}
    apps = {label.split(".")[0] for label in there}
    for label in {*kinds.LEFT_OUT, *kinds.CARRIED_OF_OTHERS, *kinds.SECRET, *kinds.SECRET_FIELDS}:
        assert label in there or label.split(".")[0] not in apps, label


def test_the_files_are_open_and_explain_themselves(exported: Path) -> None:
    told = json.loads((exported / "manifest.json").read_text(encoding="utf-8"))
    kind = next(k for k in told["kinds"] if k["label"] == "projects.System")
    columns = {column["name"]: column for column in kind["columns"]}
    assert columns["agency_id"]["refers_to"] == "governance.Agency"
    assert (
        columns["name"]["label"] == {"ja": "システム名", "en": "name"}
        or columns["name"]["label"]["ja"]
    )
    assert columns["status"]["codes"]["operating"]["en"]
    assert kind["title"]["en"] == "systems"
    assert told["left_out"]["governance.Draft"]
    with (exported / "projects.system.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == kind["rows"]
    texts = [row["description"] for row in rows if row["system_id"].startswith("STRANGE")]
    assert texts[2:] == list(STRANGE[2:])
    assert texts[:2] == ["\\\\N", "\\\\"]  # One more backslash: "\N" alone is nothing at all.


def test_the_files_are_their_owners_alone_and_hold_no_secret(exported: Path) -> None:
    assert stat.S_IMODE(exported.stat().st_mode) == 0o700
    for file in exported.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert b"md5$salt$hash" not in file.read_bytes()


@pytest.mark.parametrize("with_credentials", [False, True])
def test_what_opens_accounts_is_in_step_with_the_trail_that_came_along(
    source: Site, target: Site, tmp_path: Path, with_credentials: bool
) -> None:
    with source.open():
        user = User.objects.get(username="clerk")
        Authenticator.objects.create(user=user, type="totp", data={"secret": "s"})
        sealing.seal_register(act(None, NOW, "the register of this test"))
        options = {"with_credentials": True} if with_credentials else {}
        command("export_all", str(tmp_path / "out"), **options)
    with target.open():
        command("import_all", str(tmp_path / "out"))
        assert audit.credentials.compare() == []
        assert bool(audit.credentials.standing([user.pk])) is with_credentials


def test_drafts_stay_behind(source: Site, tmp_path: Path) -> None:
    with source.open():
        user = User.objects.get(username="clerk")
        Draft.objects.create(user=user, form="/x/", data=[["a", "秘密"]], saved_at=NOW)
        command("export_all", str(tmp_path / "out"))
    assert not (tmp_path / "out" / "governance.draft.csv").exists()


def _bent(exported: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Exports with one thing wrong each, and what is said of it."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(exported, tmp_path / name))

    folder = copy("altered")
    file = folder / "projects.costline.csv"
    file.write_text(file.read_text(encoding="utf-8") + "x", encoding="utf-8")
    yield "projects.costline.csv is not what the manifest says", folder
    folder = copy("missing")
    (folder / "projects.costline.csv").unlink()
    yield "cannot be read as an export", folder
    folder = copy("elsewhere")
    _edit(folder, lambda told: told["kinds"][0].update(file="../out/manifest.json"))
    yield "is not what the manifest says", folder
    folder = copy("columns")
    _edit(folder, lambda told: told["kinds"][0]["columns"].pop())
    yield "whose tables differ", folder
    folder = copy("format")
    _edit(folder, lambda told: told.update(format=9))
    yield "has format 9", folder
    folder = copy("nonsense")
    (folder / "manifest.json").write_text("[]", encoding="utf-8")
    yield "manifest of this export cannot be read", folder
    folder = copy("trail")
    _rewrite(folder, "governance.auditevent", lambda text: text.replace("system.edited", "x", 1))
    yield "exported trail is not whole: 1 altered", folder
    folder = copy("reference")
    _rewrite(folder, "projects.project_systems", lambda text: text.replace(",1\r\n", ",999\r\n"))
    yield "refused the export", folder
    folder = copy("value")
    _rewrite(folder, "projects.kpivalue", lambda text: text.replace(",2024,", ",soon,"))
    yield r"projects.kpivalue.csv, row 1", folder


def _edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    file = folder / "manifest.json"
    told = json.loads(file.read_text(encoding="utf-8"))
    change(told)
    file.write_text(json.dumps(told), encoding="utf-8")


def _rewrite(folder: Path, kind: str, change: Callable[[str], str]) -> None:
    """Alter a file, and its hash with it: whoever can do the one can do the other."""
    file = folder / f"{kind}.csv"
    old = file.read_bytes()
    new = change(old.decode()).encode()
    assert new != old
    file.write_bytes(new)

    def rehash(told: dict[str, Any]) -> None:
        (found,) = (k for k in told["kinds"] if k["file"] == file.name)
        found["sha256"] = writing.hash_of(file)

    _edit(folder, rehash)


def test_a_bent_export_is_refused_and_nothing_comes_in(
    exported: Path, target: Site, tmp_path: Path
) -> None:
    with target.open():
        for sentence, folder in _bent(exported, tmp_path):
            with pytest.raises(CommandError, match=sentence):
                command("import_all", str(folder))
            assert not User.objects.exists(), sentence
            assert not AuditEvent.objects.exists(), sentence
        # And the whole one comes in.
        command("import_all", str(exported))


def test_only_an_empty_database_takes_an_export(exported: Path, source: Site) -> None:
    with source.open():
        before = _tables()
        with pytest.raises(CommandError, match="not empty"):
            command("import_all", str(exported))
        assert _tables() == before


def test_a_folder_that_holds_anything_is_refused(source: Site, tmp_path: Path) -> None:
    (tmp_path / "note.txt").touch()
    with source.open(), pytest.raises(CommandError, match="not empty"):
        command("export_all", str(tmp_path))
    assert [file.name for file in tmp_path.iterdir()] == ["note.txt"]


def test_an_export_that_fails_leaves_nothing(
    source: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(writing, "hash_of", full)
    with source.open(), pytest.raises(CommandError, match="No space left on device"):
        command("export_all", str(tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_an_export_is_of_one_moment_and_stops_nobody(source: Site, tmp_path: Path) -> None:
    """Somebody writes while the export runs, through a connection of their own."""
    written: list[int] = []
    real = manifest.describe

    def meanwhile(fields: Any) -> Any:
        if not written:  # After the first kind of all.
            other = connection.copy()
            with other.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO governance_jobmark (name, is_running, failures, error) VALUES ('x', 0, 0, '')"
                )
                written.append(cursor.rowcount)
            other.close()
        return real(fields)

    with source.open(), pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest, "describe", meanwhile)
        command("export_all", str(tmp_path / "out"))
    assert written == [1]
    marks = (tmp_path / "out" / "governance.jobmark.csv").read_text(encoding="utf-8")
    assert len(marks.splitlines()) == 2  # The heading and the mark that was there before.
