"""Scenarios: kept, changed, copied and thrown away. Nothing here touches the register."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action, Resource, rights_of
from governance.audit import Act
from governance.exceptions import Conflict
from governance.models import Agency, User
from projects.metrics.assumptions import Assumptions, read
from projects.models import Project, Scenario
from projects.scenario_text import fault_text
from projects.selectors import Visible, agency_tree
from projects.services.writing import recheck, state_of

_FIELDS: Final = ("name", "note", "agency")
_COPIES: Final = 1000


def settled(user: Any, raw: object, agency: Agency | None) -> Assumptions:
    """Plain data as assumptions about the projects that `user` sees, of an agency with those below
    it or of all.

    Raises ValidationError with every fault at once. Cost: two queries where projects are named.
    """
    found, faults = read(raw)
    told = [fault_text(fault) for fault in faults]
    if found.codes:
        rows = Visible(user)
        # A text with a null character is no code, and no text for a database either.
        asked = [code for code in found.codes if "\x00" not in code]
        projects: Any = rows(Project).filter(code__in=asked)
        if agency is not None:
            projects = projects.filter(agency_id__in=agency_tree(rows).below(agency))
        known = set(projects.values_list("code", flat=True))
        told += [
            _("There is no project “%(code)s” that you may see here.") % {"code": code}
            for code in sorted(found.codes - known)
        ]
    if told:
        raise ValidationError({"assumptions": told})
    return found


def _person(act: Act) -> User:
    if act.user is None:  # A scenario is somebody's.
        raise PermissionDenied
    return act.user


def _require_agency(user: User, agency: Agency | None) -> None:
    if agency is None and not rights_of(user).reach(Resource.SCENARIO, Action.CREATE).everything:
        raise ValidationError(
            {"agency": _("Choose an agency: you do not see the whole government.")}
        )


def _fill(act: Act, scenario: Scenario, values: Mapping[str, Any]) -> None:
    for name in _FIELDS:
        setattr(scenario, name, values[name])
    person = _person(act)

    def assume() -> None:
        found = settled(person, values["assumptions"], scenario.agency)
        scenario.assumptions = found.as_json()

    checks: tuple[Callable[[], object], ...] = (
        lambda: _require_agency(person, scenario.agency),
        assume,
        scenario.full_clean,
    )
    faults: dict[str, Any] = {}
    for check in checks:
        try:
            check()
        except ValidationError as error:
            faults = error.update_error_dict(faults)
    if faults:
        raise ValidationError(faults)
    scenario.updated_at, scenario.updated_by = act.at, person


@transaction.atomic
def create(act: Act, values: Mapping[str, Any]) -> Scenario:
    """Keep a scenario of the actor's: name, note, agency, assumptions (plain data).

    Audited as "scenario.created". Raises ValidationError, PermissionDenied.
    """
    scenario = Scenario(owner=_person(act))
    _fill(act, scenario, values)
    scenario.save(force_insert=True)
    recheck(act, scenario, Action.CREATE)
    audit.record_object(act, "scenario.created", scenario, before=None, after=state_of(scenario))
    return scenario


def _own(act: Act, pk: int) -> Scenario:
    """The actor's own scenario, locked. Raises PermissionDenied for another's."""
    scenario = Scenario.objects.select_for_update(of=("self",)).get(pk=pk)
    recheck(act, scenario, Action.EDIT)
    if scenario.owner_id != _person(act).pk:
        raise PermissionDenied
    return scenario


@transaction.atomic
def change(act: Act, pk: int, values: Mapping[str, Any], *, version: int) -> Scenario:
    """Change one's own scenario; the same values write nothing. Audited as "scenario.edited".

    Raises Conflict where it was saved since it was opened, ValidationError, PermissionDenied.
    """
    scenario = _own(act, pk)
    before = state_of(scenario)
    if scenario.version != version:
        raise Conflict(before)
    _fill(act, scenario, values)
    told = (*_FIELDS[:2], "agency_id", "assumptions")
    after = state_of(scenario)
    if all(before[name] == after[name] for name in told):
        return scenario
    scenario.version += 1
    scenario.save()
    recheck(act, scenario, Action.EDIT)
    audit.record_object(act, "scenario.edited", scenario, before=before, after=state_of(scenario))
    return scenario


@transaction.atomic
def delete(act: Act, pk: int) -> None:
    """Throw one's own scenario away; the trail keeps what it was. Audited as "scenario.deleted"."""
    scenario = _own(act, pk)
    audit.record_deletion(act, "scenario.deleted", scenario, before=state_of(scenario))
    scenario.delete()


@transaction.atomic
def copy(act: Act, pk: int) -> Scenario:
    """A scenario that the actor sees as one of their own, under a free name.

    What it says of projects that the actor does not see is left out. Audited as "scenario.created".
    """
    source = Scenario.objects.select_related("agency").get(pk=pk)
    recheck(act, source, Action.READ)
    person = _person(act)
    found, _faults = read(source.assumptions)
    seen = Visible(person)(Project).filter(code__in=found.codes)
    kept = set(seen.values_list("code", flat=True))
    raw = found.as_json()
    if "projects" in raw:
        raw["projects"] = {code: way for code, way in raw["projects"].items() if code in kept}
    values = {
        "name": _free_name(person, source.name),
        "note": source.note,
        "agency": source.agency,
        "assumptions": raw,
    }
    return create(act, values)


def _free_name(person: User, name: str) -> str:
    taken = set(Scenario.objects.filter(owner=person).values_list("name", flat=True))
    if name not in taken:
        return name
    stem = name[:100]
    return next(
        text
        for number in range(2, len(taken) + _COPIES)
        if (text := f"{stem} ({number})") not in taken
    )
