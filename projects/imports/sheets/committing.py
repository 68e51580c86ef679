"""Writing what was checked: all of it in one transaction, or nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action
from governance.audit import Act, State
from governance.exceptions import DomainError
from governance.models.base import to_json
from projects.imports.sheets.checking import Checked, Progress, Row, Scope
from projects.imports.sheets.guarding import guarded
from projects.imports.sync import content_digest
from projects.models import (
    Contract,
    CostLine,
    ImportRun,
    Kpi,
    KpiValue,
    Project,
    Service,
    System,
)
from projects.services import placing
from projects.services.independence import DECISIVE, check_subjects
from projects.services.register import Touched, recompute
from projects.services.writing import state_of

BATCH: Final = 500
T = TypeVar("T")
# Up to this many records each tells its own story in the trail; more are told in sum.
TOLD_ONE_BY_ONE: Final = 200
_TRACKED: Final = ("version", "updated_at", "updated_by", "import_run")


class Changed(DomainError):
    """Somebody wrote to a record between the check and the confirmation."""


@transaction.atomic
def commit(act: Act, checked: Checked, *, progress: Progress | None = None) -> ImportRun:
    """Write a checked file. Audited as "workbook.imported" with the file's digest, and by record
    where they are few.

    Raises DomainError where the file has errors or a record changed since the check,
    PermissionDenied. `progress` may raise to stop: nothing is written then.
    """
    if checked.errors:
        raise DomainError(_("The file has errors: nothing was written."))
    run = ImportRun.objects.create(
        kind=ImportRun.WORKBOOK,
        started_at=act.at,
        actor=act.user,
        files=[{"name": checked.file_name, "sha256": checked.digest}],
        report={
            "rows_read": {"rows": checked.read},
            "loaded": {"rows": checked.created},
            "updated": {"rows": checked.edited},
        },
    )
    touched, told = Touched(), len(checked.rows) <= TOLD_ONE_BY_ONE
    keys: list[str] = []
    done = 0
    scope = Scope(act.user, timezone.localdate(act.at))
    for rows in _by_sheet(checked.rows):
        _refuse_guarded(rows, scope)
        writer = _SheetWriter(act, run, rows, tells_each=told)
        for number in writer.run(touched):
            done += number
            if progress is not None:
                progress(done, len(checked.rows))
        keys += [f"{rows[0].sheet.slug}: {rows[0].sheet.kind.key_of(row.obj)}" for row in rows]
    audit.record(
        act,
        "workbook.imported",
        object_type="importrun",
        object_key=str(run.pk),
        object_name=checked.file_name,
        after={
            "file": checked.file_name,
            "sha256": checked.digest,
            "created": checked.created,
            "edited": checked.edited,
            "digest": content_digest(
                (row.sheet.slug, row.obj.pk, sorted(_plain(row).items())) for row in checked.rows
            ),
            "records": keys,
        },
        wrote=_states(run, () if told else checked.rows),
    )
    recompute(act, touched)
    return run


def _states(run: ImportRun, rows: Iterable[Row]) -> Iterator[State]:
    """The states of the rows that no event of their own tells, and of the run itself."""
    yield from audit.stored(ImportRun, [run.pk])
    wrote: dict[type[Any], set[int]] = defaultdict(set)
    for row in rows:
        wrote[type(row.obj)].add(row.obj.pk)
    for model, pks in wrote.items():
        yield from audit.stored(model, pks)


def _refuse_guarded(rows: list[Row], scope: Scope) -> None:
    """A year may have begun, or a plan been agreed, since the file was checked."""
    faults = [
        f"{row.sheet.title} {row.number}: {why}"
        for row, _name, why in guarded(rows, scope.roles_over, scope.on)
    ]
    if faults:
        raise Changed(" ".join(faults[:10]))


def _plain(row: Row) -> dict[str, Any]:
    """The row's values as the trail keeps them."""
    return {
        name: to_json(value.pk if hasattr(value, "pk") else value)
        for name, value in row.values.items()
    }


def _by_sheet(rows: Iterable[Row]) -> Iterator[list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.sheet.slug].append(row)
    yield from found.values()


class _SheetWriter:
    """The rows of one sheet, in bulk."""

    def __init__(self, act: Act, run: ImportRun, rows: list[Row], *, tells_each: bool) -> None:
        self.act, self.run_row, self.rows, self.tells_each = act, run, rows, tells_each
        self.kind = rows[0].sheet.kind
        self.model: Any = self.kind.model

    def run(self, touched: Touched) -> Iterator[int]:
        """Write; yields how many rows a batch had."""
        old = [row for row in self.rows if not row.is_new]
        new = [row for row in self.rows if row.is_new]
        self._lock(old)
        before = {}
        if self.tells_each:
            before = {row.obj.pk: state_of(row.obj) for row in old}
        self._touch(old, touched)
        self._refuse_misplaced()
        for part in _parts(new):
            self._assign(part)
            self.model._default_manager.bulk_create([row.obj for row in part], batch_size=BATCH)
            yield len(part)
        fields = sorted({name for row in old for name in row.values})
        for part in _parts(old):
            self._assign(part)
            self.model._default_manager.bulk_update(
                [row.obj for row in part], [*fields, *_TRACKED], batch_size=BATCH
            )
            yield len(part)
        for row in self.rows:
            for name, items in row.many.items():
                getattr(row.obj, name).set(items)
        self._recheck(old, Action.EDIT)
        self._recheck(new, Action.CREATE)
        self._touch(self.rows, touched)
        self._check_independence()
        if self.tells_each:
            self._tell(before)

    def _refuse_misplaced(self) -> None:
        """A row that may not stand where the file puts it is told by its number."""
        for row in self.rows:
            try:
                placing.refuse(self.act, row.obj, {**row.values, **row.many})
            except ValidationError as error:
                told = f"{row.sheet.title} {row.number}: {' '.join(error.messages)}"
                raise DomainError(told) from error

    def _lock(self, rows: list[Row]) -> None:
        """Hold the stored rows, and see that they still are what was checked."""
        versions: dict[int, int] = {}
        for part in _parts(rows):
            locked = self.model._default_manager.select_for_update(of=("self",)).filter(
                pk__in=[row.obj.pk for row in part]
            )
            versions.update(locked.order_by("pk").values_list("pk", "version"))
        changed = [row for row in rows if versions.get(row.obj.pk) != row.obj.version]
        if changed:
            names = ", ".join(self.kind.key_of(row.obj) for row in changed[:10])
            raise Changed(
                _("Somebody changed these records since the file was checked: %(names)s")
                % {"names": names}
            )

    def _assign(self, rows: list[Row]) -> None:
        for row in rows:
            is_new = row.is_new
            for name, value in row.values.items():
                # A record that the same file makes has its number only now.
                setattr(row.obj, name, value)
            if is_new:
                # Of what a file brought alone less is known; one word of it changed says nothing.
                row.obj.import_run = self.run_row
            else:
                row.obj.version += 1
            row.obj.updated_at, row.obj.updated_by = self.act.at, self.act.user

    def _recheck(self, rows: list[Row], action: Action) -> None:
        """What was saved lies within the actor's rights, or all rolls back."""
        if self.act.user is None:
            return
        for part in _parts(rows):
            found = self.kind.objects.filter(pk__in=[row.obj.pk for row in part])
            if found.visible_to(self.act.user, action).count() != len(part):
                raise PermissionDenied

    def _touch(self, rows: list[Row], touched: Touched) -> None:
        """What hangs on these rows: by sets, without a query a row."""
        objects = [row.obj for row in rows]
        pks = {obj.pk for obj in objects if obj.pk is not None}
        if self.model is System:
            touched.systems |= pks
        elif self.model is Project:
            touched.projects |= pks
        elif self.model is Contract:
            touched.contracts |= pks
            touched.judged_systems |= {obj.system_id for obj in objects if obj.system_id}
        elif self.model in (Kpi, KpiValue):
            _touch_goals(
                pks if self.model is Kpi else {obj.kpi_id for obj in objects if obj.kpi_id}, touched
            )
        elif self.model is CostLine:
            touched.systems |= {obj.system_id for obj in objects if obj.system_id}
            touched.projects |= {obj.project_id for obj in objects if obj.project_id}
        elif self.model is Service:
            touched.service_agencies |= {obj.agency_id for obj in objects if obj.agency_id}
            links = Service.systems.through._default_manager.filter(service_id__in=pks)
            touched.systems |= set(links.values_list("system_id", flat=True))

    def _check_independence(self) -> None:
        """No contract, project or system of the file makes a verifier part of what they verify."""
        decisive = DECISIVE.get(self.model, frozenset())
        rows = [row for row in self.rows if row.is_new or decisive & {*row.values, *row.many}]
        if not decisive or not rows:
            return
        objects = [row.obj for row in rows]
        if self.model is Contract:
            projects = {obj.project_id for obj in objects if obj.project_id}
            systems = {obj.system_id for obj in objects if obj.system_id}
        else:
            pks = {obj.pk for obj in objects}
            projects, systems = (pks, set()) if self.model is Project else (set(), pks)
        if self.model is Project:
            systems = {item.pk for row in rows for item in row.many.get("systems", ())}
        try:
            for part in _parts(sorted(projects)):
                check_subjects(project_ids=part)
            for part in _parts(sorted(systems)):
                check_subjects(system_ids=part)
        except ValidationError as error:
            raise DomainError(" ".join(error.messages)) from error

    def _tell(self, before: dict[int, dict[str, Any]]) -> None:
        name = self.model._meta.model_name
        for row in self.rows:
            old = before.get(row.obj.pk)
            verb = f"{name}.{'created' if old is None else 'edited'}"
            audit.record_object(self.act, verb, row.obj, before=old, after=state_of(row.obj))


def _touch_goals(kpi_ids: set[int], touched: Touched) -> None:
    for part in _parts(sorted(kpi_ids)):
        holders = Kpi.objects.filter(pk__in=part).values_list("system_id", "project_id")
        for system_id, project_id in holders:
            touched.add_judged(system_id, project_id)


def _parts(rows: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]
