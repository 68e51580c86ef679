"""The survey of procedures into the register: one transaction, one audit event, idempotent."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import Act
from projects.imports import procedures
from projects.imports.agencies import UNSTATED, ensure_agencies
from projects.imports.archive import digest
from projects.imports.report import ImportReport
from projects.imports.sync import Sync, content_digest
from projects.imports.system_names import by_key, matches, name_key, split_names
from projects.models import Service, ServiceYear, System
from projects.models.choices import ValueState
from projects.services import flags, rollups

PREFIX = procedures.PREFIX


@transaction.atomic
def commit(act: Act, survey: procedures.Survey, path: Path) -> ImportReport:
    """Write `survey`; returns the report. Any failure leaves nothing behind.

    Audited as "import.procedures" with the file's hash, the counts and a hash of the content.
    """
    report = ImportReport(warnings=survey.warnings)
    report.rows_read["procedures"] = len(survey.procedures)
    report.notes.update(survey.counts)
    sync = Sync(act, "procedures2024", [{"name": path.name, "sha256": digest(path)}], report)
    named = Service.objects.filter(service_id__startswith=PREFIX)
    names_before = dict(named.values_list("service_id", "system_names"))
    services = _services(sync, survey)
    _years(sync, survey, services)
    report.updated["links"] = _drop_links(sync, survey, names_before, services)
    report.loaded["links"] = link_services(act)
    report.notes.update(_unmatched(survey))
    if report.changes:
        _finish(act, sync, survey)
    return report


def _services(sync: Sync, survey: procedures.Survey) -> dict[tuple[Any, ...], Service]:
    agencies = ensure_agencies(sync.act)
    unstated = next(agency for agency in agencies.values() if agency.code == UNSTATED)

    def wanted() -> Iterator[dict[str, Any]]:
        for row in survey.procedures:
            yield {
                "service_id": f"{PREFIX}{row.number}",
                "name": row.name,
                "agency_id": agencies.get(row.owner, unstated).pk,
                "law": row.law,
                "article": row.article,
                "procedure_type": row.procedure_type,
                "user_group": row.user_group,
                "online_status": row.online_status,
                "system_names": row.system_names,
            }

    unknown = sorted({row.owner for row in survey.procedures} - agencies.keys())
    sync.report.warnings += [f"“{name}” → {unstated.name}" for name in unknown]
    return sync.rows(Service, ("service_id",), wanted(), Q(service_id__startswith=PREFIX))


def _figure(name: str, value: int | None) -> dict[str, Any]:
    state = ValueState.MISSING if value is None else ValueState.REPORTED
    return {name: value, f"{name}_state": state.value}


def _years(sync: Sync, survey: procedures.Survey, services: dict[tuple[Any, ...], Service]) -> None:
    def wanted() -> Iterator[dict[str, Any]]:
        for row in survey.procedures:
            yield {
                "service_id": services[(f"{PREFIX}{row.number}",)].pk,
                "fiscal_year": procedures.COUNT_YEAR,
                **_figure("cases", row.cases),
                **_figure("online_cases", row.online_cases),
            }

    sync.rows(
        ServiceYear,
        ("service_id", "fiscal_year"),
        wanted(),
        Q(service__service_id__startswith=PREFIX, fiscal_year=procedures.COUNT_YEAR),
    )


def _finish(act: Act, sync: Sync, survey: procedures.Survey) -> None:
    run = sync.run
    run.report = sync.report.as_json()
    run.save(update_fields=["report"])
    audit.record(
        act,
        "import.procedures",
        object_type="importrun",
        object_key=str(run.pk),
        object_name=audit.name_of(run),
        after={
            "files": run.files,
            "created": dict(sync.report.loaded),
            "updated": dict(sync.report.updated),
            "content": content_digest(survey.procedures),
        },
        wrote=sync.states(),
    )
    rollups.recompute_all()
    flags.recompute_all(act, as_of=timezone.localdate(act.at))


def _unmatched(survey: procedures.Survey) -> dict[str, int]:
    """How many names in the survey stand for no system of the register."""
    systems = by_key(dict(System.objects.values_list("pk", "name")))
    names = {name for row in survey.procedures for name in split_names(row.system_names)}
    return {
        _("names of systems that no system of the register has"): sum(
            name_key(name) not in systems for name in names
        )
    }


def _drop_links(
    sync: Sync,
    survey: procedures.Survey,
    before: Mapping[str, str],
    services: Mapping[tuple[Any, ...], Service],
) -> int:
    """Removes the links of names that a corrected row no longer holds; returns how many.

    Links that no name of the source ever gave are people's own and stay.
    """
    systems = by_key(dict(System.objects.values_list("pk", "name")))
    dropped = 0
    for row in survey.procedures:
        key = f"{PREFIX}{row.number}"
        was = before.get(key, row.system_names)
        if was != row.system_names:
            stale = matches(was, systems) - matches(row.system_names, systems)
            links = Service.systems.through.objects.filter(
                service_id=services[(key,)].pk, system_id__in=stale
            )
            dropped += links.delete()[0]
            sync.wrote[Service].add(services[(key,)].pk)
    return dropped


def link_services(act: Act) -> int:
    """Link services to the systems that their source names; returns how many links are new.

    Only adds: links made by hand stay; one removed by hand comes back for as long as the service
    names the system. Audited as "services.linked" where any is new. Must run inside the import's transaction, before rollups.
    """
    systems = by_key(dict(System.objects.values_list("pk", "name")))
    through = Service.systems.through
    known = set(through.objects.values_list("service_id", "system_id"))
    named = Service.objects.exclude(system_names="").values_list("pk", "system_names")
    new = [
        through(service_id=pk, system_id=system_id)
        for pk, raw in named
        for system_id in sorted(matches(raw, systems))
        if (pk, system_id) not in known
    ]
    through.objects.bulk_create(new, batch_size=2000)
    if new:
        audit.record(
            act,
            "services.linked",
            object_type="service",
            object_key=str(len(new)),
            after={
                "links": len(new),
                "content": content_digest((row.service_id, row.system_id) for row in new),
            },
            wrote=audit.stored(Service, {row.service_id for row in new}),
        )
    return len(new)
