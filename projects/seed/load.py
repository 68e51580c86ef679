"""Writes the fictional government: masters, agencies, planted cases, then block after block.

A block is at most 1,450 systems with all that hangs on them, so a hundred times the government
takes no more memory than one. All of it is written in one transaction, or nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any, TypeVar

from django.apps import apps
from django.db import models, transaction

from governance import audit
from governance.audit import Act
from governance.models import Agency, AuditEvent, PlanAction
from projects.models import (
    Contract,
    CostLine,
    Kpi,
    Project,
    Service,
    System,
)
from projects.seed import contracts, costs, delivery, planted, reviews, services, systems, value
from projects.seed.agencies import AGENCIES
from projects.seed.delivery import ProjectPlan
from projects.seed.frame import Frame
from projects.seed.masters import LoadedMasters, load_masters
from projects.seed.systems import OKU, SystemPlan
from projects.services import flags, outlook, rollups

GOVERNMENT = 1450
"""Systems of the government once (the base of the 2017 policy), and the size of a block."""

BATCH = 5000
VERB = "seed.loaded"

Progress = Callable[[int], object]
"""Is told how many systems more are written."""

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Seeded:
    """An earlier run on this database."""

    seed: int
    systems: int
    as_of: str


def seeded_before() -> Seeded | None:
    """The run that made this database, if one did. Cost: one query."""
    event = AuditEvent.objects.filter(verb=VERB).order_by("seq").first()
    if event is None or event.after is None:
        return None
    return Seeded(event.after["seed"], event.after["systems"], event.after["as_of"])


def holds_data() -> bool:
    """Whether the register holds anything that a seed would stand beside."""
    kinds: tuple[type[models.Model], ...] = (System, Project, Service, Agency)
    return any(model._default_manager.exists() for model in kinds)


@dataclass(slots=True)
class _Loader:
    """What is known while the government is written."""

    frame: Frame
    masters: LoadedMasters
    progress: Progress
    agency_ids: dict[str, int] = field(default_factory=dict)
    namer: systems.Namer = field(default_factory=systems.Namer)
    # The next number of each kind of object: those of the planted cases are taken.
    next_project: int = planted.PROJECTS + 1
    next_service: int = planted.SERVICES + 1
    next_contract: int = planted.CONTRACTS + 1

    def write(self, rows: Iterable[M]) -> list[M]:
        """Writes rows batch by batch and returns them."""
        written: list[M] = []
        for batch in _batches(rows):
            type(batch[0])._default_manager.bulk_create(batch)
            written += batch
        return written

    def pour(self, rows: Iterable[models.Model]) -> None:
        """Writes rows batch by batch and keeps none."""
        for batch in _batches(rows):
            type(batch[0])._default_manager.bulk_create(batch)

    # Once

    def agencies(self) -> None:
        for number, spec in enumerate(AGENCIES, 1):
            agency = Agency.objects.create(
                code=spec.code,
                name=spec.name,
                name_en=spec.name_en,
                parent_id=self.agency_ids.get(spec.parent),
                order=10 * number,
                contact_accounting=f"{spec.name} 会計課（架空）",
                contact_hr=f"{spec.name} 人事課（架空）",
                contact_pr=f"{spec.name} 広報室（架空）",
                updated_at=self.frame.moment(self.frame.days_ago(300)),
            )
            self.agency_ids[spec.code] = agency.pk
        rng = self.frame.stream("plan actions")
        specs = [(spec, self.agency_ids[spec.code]) for spec in AGENCIES]
        self.write(reviews.plan_actions(self.frame, rng, specs))

    def planted(self) -> None:
        planted.plant(
            planted.Ground(
                frame=self.frame,
                agency_id=self.agency_ids[planted.AGENCY],
                class_ids=self._class_ids,
                item_ids=self._item_ids,
                review_type_ids=self._review_type_ids,
            )
        )
        self.progress(planted.SYSTEMS)

    @property
    def _class_ids(self) -> dict[str, int]:
        return {code: entry.pk for code, entry in self.masters.system_classes.items()}

    @property
    def _item_ids(self) -> dict[str, int]:
        return {code: entry.pk for code, entry in self.masters.cost_items.items()}

    @property
    def _review_type_ids(self) -> dict[str, int]:
        return {code: entry.pk for code, entry in self.masters.review_types.items()}

    # A block

    def block(self, block: int, count: int, first: int) -> None:
        """Writes `count` systems, numbered from `first`, with all that hangs on them."""
        made = self._systems(block, count, first)
        self._services(block, made)
        projects = self._projects(block, made)
        self._contracts(block, made, projects)
        self._value(block, made, projects)
        self._reviews(block, made, projects)

    def _systems(self, block: int, count: int, first: int) -> list[tuple[SystemPlan, System]]:
        frame = self.frame
        plans = systems.plans(frame, block, count, first)
        rng = frame.stream("system details", block)
        made = self.write(
            systems.system(
                frame, rng, self.namer, plan, self.agency_ids[plan.agency.code], self._class_ids
            )
            for plan in plans
        )
        pairs = list(zip(plans, made, strict=True))
        self.write(systems.lineage(frame, frame.stream("lineage", block), pairs))
        self.pour(self._system_lines(block, pairs))
        return pairs

    def _system_lines(
        self, block: int, made: list[tuple[SystemPlan, System]]
    ) -> Iterator[CostLine]:
        rng = self.frame.stream("costs", block)
        items = self._item_ids
        for plan, system in made:
            holder = costs.Holder(items, system_id=system.pk, account=plan.account)
            yield from costs.system_lines(self.frame, rng, plan, holder)
            self.progress(1)

    def _services(self, block: int, made: list[tuple[SystemPlan, System]]) -> None:
        rng = self.frame.stream("services", block)
        hosts = [
            (system.pk, system.agency_id, _subject(system))
            for plan, system in made
            if plan.is_running
        ]
        found = services.services(self.frame, rng, self.next_service, hosts)
        self.next_service += len(found)
        stored = self.write([service for service, _ in found])
        link = Service.systems.through
        link._default_manager.bulk_create(
            link(service_id=service.pk, system_id=system_id)
            for service, (_, system_ids) in zip(stored, found, strict=True)
            for system_id in system_ids
        )
        more = self.frame.stream("completion", block)
        self.pour(
            year
            for service in stored
            for year in services.service_years(self.frame, rng, service, more)
        )

    def _projects(
        self, block: int, made: list[tuple[SystemPlan, System]]
    ) -> list[tuple[ProjectPlan, Project]]:
        frame, rng = self.frame, self.frame.stream("projects", block)
        by_number = {plan.number: system for plan, system in made}
        plans = delivery.project_plans(frame, rng, self.next_project, [plan for plan, _ in made])
        self.next_project += len(plans)
        stored = self.write(
            delivery.project(frame, rng, plan, by_number[plan.system.number]) for plan in plans
        )
        link = Project.systems.through
        link._default_manager.bulk_create(
            link(project_id=project.pk, system_id=by_number[plan.system.number].pk)
            for plan, project in zip(plans, stored, strict=True)
        )
        pairs = list(zip(plans, stored, strict=True))
        agreed = self.write(
            b for plan, p in pairs for b in delivery.baselines(frame, rng, plan, p.pk)
        )
        self.pour(delivery.planned_values(agreed))
        self.pour(m for plan, p in pairs for m in delivery.milestones(frame, plan, p.pk))
        self.pour(u for plan, p in pairs for u in delivery.updates(frame, rng, plan, p.pk))
        self.pour(line for plan, p in pairs for line in self._project_lines(rng, plan, p))
        return pairs

    def _project_lines(self, rng: Any, plan: ProjectPlan, project: Project) -> list[CostLine]:
        spending = delivery.yearly_spending(self.frame, rng, plan)
        holder = costs.Holder(self._item_ids, project_id=project.pk, account=plan.system.account)
        return costs.project_lines(self.frame, rng, holder, spending)

    def _contracts(
        self,
        block: int,
        made: list[tuple[SystemPlan, System]],
        projects: list[tuple[ProjectPlan, Project]],
    ) -> None:
        customers = [
            contracts.Customer(system.name, system.agency_id, plan.size, system_id=system.pk)
            for plan, system in made
            if plan.retired_on is None
        ]
        customers += [
            contracts.Customer(
                project.name,
                project.agency_id,
                plan.plans[0].budget // 12,
                project_id=project.pk,
            )
            for plan, project in projects
        ]
        rng = self.frame.stream("contracts", block)
        found: list[Contract] = contracts.contracts(self.frame, rng, self.next_contract, customers)
        self.next_contract += len(found)
        self.pour(found)

    def _value(
        self,
        block: int,
        made: list[tuple[SystemPlan, System]],
        projects: list[tuple[ProjectPlan, Project]],
    ) -> None:
        frame, rng = self.frame, self.frame.stream("value", block)
        chains: list[list[Kpi]] = [
            value.chain(frame, rng, f"{system.system_id}-K", system_id=system.pk)
            for plan, system in made
            if plan.is_running and (plan.size >= 10 * OKU or rng.random() < 0.12)
        ]
        chains += [
            value.chain(frame, rng, f"{project.code}-K", project_id=project.pk)
            for _, project in projects
            if rng.random() < 0.4
        ]
        self.write(kpi for chain in chains for kpi in chain)
        self.pour(link for chain in chains for link in value.links(frame, chain))
        self.pour(v for chain in chains for kpi in chain for v in value.kpi_values(frame, rng, kpi))
        self.pour(b for plan, p in projects for b in value.benefits(frame, rng, plan, p.pk))
        self.pour(r for plan, p in projects for r in value.risks(frame, rng, plan, p.pk))

    def _reviews(
        self,
        block: int,
        made: list[tuple[SystemPlan, System]],
        projects: list[tuple[ProjectPlan, Project]],
    ) -> None:
        frame, rng = self.frame, self.frame.stream("reviews", block)
        stored = self.write(
            reviews.reviews(
                frame,
                rng,
                self._review_type_ids,
                [(plan, system.pk) for plan, system in made],
                [(plan, project.pk) for plan, project in projects],
            )
        )
        self.pour(f for review in stored for f in reviews.findings(frame, rng, review))

    def requests(self) -> None:
        """What waits for a decision, and how KPIs whose series breaks are measured."""
        frame = self.frame
        self.write(value.methods(frame))
        self.write(value.target_changes(frame))
        self.write(delivery.asked_baselines(frame))


def _subject(system: System) -> str:
    """What the services of a system are about."""
    return str(system.name).removesuffix("システム").split("システム（")[0]


def _batches(rows: Iterable[M]) -> Iterator[list[M]]:
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield batch


def _counted() -> Iterator[type[models.Model]]:
    """The kinds of rows that a run tells the number of."""
    yield Agency
    yield PlanAction
    yield from apps.get_app_config("projects").get_models()


@transaction.atomic
def seed_government(
    act: Act, frame: Frame, *, size: int = GOVERNMENT, progress: Progress = lambda _: None
) -> dict[str, int]:
    """Write the fictional government with `size` systems; returns how many rows of each kind.

    Rollups and flags are brought in line with it. Audited as one "seed.loaded" with the seed, the
    day and the counts (beside the events of the masters and the flags). The register must be
    empty; a size below the number of planted systems gives these alone.
    """
    loader = _Loader(frame, load_masters(act), progress)
    loader.agencies()
    loader.planted()
    first = planted.SYSTEMS + 1
    for block, start in enumerate(range(first, size + 1, GOVERNMENT)):
        loader.block(block, min(GOVERNMENT, size + 1 - start), start)
    loader.requests()
    rollups.recompute_all()
    flags.recompute_all(act, as_of=frame.as_of)
    outlook.recompute(frame.as_of)
    rows = {model._meta.model_name or "": model._default_manager.count() for model in _counted()}
    audit.record(
        act,
        VERB,
        object_type="register",
        object_key="demo",
        object_name="架空データ / Fictional data",
        after={
            "seed": frame.seed,
            "as_of": frame.as_of,
            "systems": size,
            "rows": rows,
        },
        wrote=chain.from_iterable(map(audit.stored, audit.audited_models())),
    )
    return rows
