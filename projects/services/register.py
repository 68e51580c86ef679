"""Writes to the register: access → validate → save → audit → recompute, in one transaction.

Forms, API and imports of single objects all come through here, so one set of rules holds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import RiskPolicy
from governance.models.base import snapshot
from projects.models import (
    Baseline,
    Benefit,
    Contract,
    CostItem,
    CostLine,
    Finding,
    Kpi,
    KpiLink,
    KpiValue,
    MonthlyUpdate,
    Project,
    Review,
    Service,
    ServiceYear,
    System,
)
from projects.models.choices import OPEN_STATES, SETTLED_STATES
from projects.register import Kind, kind_of
from projects.services import (
    field_rights,
    filed,
    flags,
    goals,
    independence,
    placing,
    requests,
    review_notices,
    rollups,
)
from projects.services.writing import is_taken_unseen, recheck, state_of, validate


@dataclass(slots=True)
class Touched:
    """What a write may have changed further on: rollups and flags to recompute."""

    systems: set[int] = field(default_factory=set)
    projects: set[int] = field(default_factory=set)
    # Systems and projects on which only flags hang: their money stands as it was.
    judged_systems: set[int] = field(default_factory=set)
    judged_projects: set[int] = field(default_factory=set)
    contracts: set[int] = field(default_factory=set)
    reviews: set[int] = field(default_factory=set)
    service_agencies: set[int] = field(default_factory=set)
    # Every flag: what binds everybody changed, or figures that whole classes are compared by.
    everything: bool = False
    # Cost item → the class of its lines as it stood before.
    _classes: dict[int, str] = field(default_factory=dict)

    def add(self, obj: models.Model) -> None:
        """Note what hangs on `obj` as it stands now. Call before and after the write."""
        match obj:
            case System():
                self.systems.add(obj.pk)
            case Project():
                self.projects.add(obj.pk)
            case CostLine():
                self._holder(obj.system_id, obj.project_id)
            case CostItem():
                self._item(obj)
            case Review():
                self.reviews.add(obj.pk)
            case Finding():
                self.reviews.add(obj.review_id)
            case Service():
                self._service(obj)
            case ServiceYear():
                self._service(obj.service)
            case RiskPolicy():
                self.everything = True
            case _:
                self._judge(obj)

    def _item(self, item: CostItem) -> None:
        """Its class alone moves money: that of all who have lines of it. Its words move none."""
        if self._classes.setdefault(item.pk, item.cost_class) == item.cost_class:
            return
        lines = CostLine.objects.filter(cost_item=item).order_by().distinct()
        for system_id, project_id in lines.values_list("system_id", "project_id"):
            self._holder(system_id, project_id)
        self.everything = True

    def _judge(self, obj: models.Model) -> None:
        """What only flags look at. A report that is being written concerns none yet."""
        match obj:
            case Contract():
                self.contracts.add(obj.pk)
                self.add_judged(obj.system_id, None)
            case Kpi():
                self.add_judged(obj.system_id, obj.project_id)
            case KpiValue():
                self.add_judged(obj.kpi.system_id, obj.kpi.project_id)
            case Benefit():
                self.add_judged(None, obj.project_id)

    def _holder(self, system_id: int | None, project_id: int | None) -> None:
        if system_id is not None:
            self.systems.add(system_id)
        if project_id is not None:
            self.projects.add(project_id)

    def add_judged(self, system_id: int | None, project_id: int | None) -> None:
        if system_id is not None:
            self.judged_systems.add(system_id)
        if project_id is not None:
            self.judged_projects.add(project_id)

    def _service(self, service: Service) -> None:
        self.service_agencies.add(service.agency_id)
        self.systems.update(service.systems.values_list("pk", flat=True))


def recompute(act: Act, touched: Touched) -> None:
    """Bring rollups and flags in line with the register, for what was touched alone."""
    as_of = timezone.localdate(act.at)
    rollups.recompute(system_ids=touched.systems, project_ids=touched.projects)
    rollups.recompute_services(touched.service_agencies)
    if touched.everything:
        flags.recompute_all(act, as_of=as_of)
        return
    flags.recompute_for(
        act,
        as_of=as_of,
        system_ids=touched.systems | touched.judged_systems,
        project_ids=touched.projects | touched.judged_projects,
        contract_ids=touched.contracts,
        review_ids=touched.reviews,
    )


def _insert(act: Act, obj: models.Model, many: Mapping[str, Iterable[Any]]) -> None:
    obj.save(force_insert=True)
    for name, related in many.items():
        getattr(obj, name).set(related)
    recheck(act, obj, Action.CREATE)


def _refuse_out_of_reach(
    act: Act, kind: Kind, obj: models.Model, many: Mapping[str, Iterable[Any]]
) -> None:
    """Raise PermissionDenied where the actor could not create `obj` under a free key either: the
    answer must not depend on whether an unseen record has the key. Writes nothing."""
    with transaction.atomic():
        setattr(obj, kind.key, uuid4().hex)
        _insert(act, obj, many)
        transaction.set_rollback(True)


def _assign(obj: models.Model, values: Mapping[str, Any]) -> dict[str, Iterable[Any]]:
    """Set plain fields; return the many-to-many ones, which need a stored row."""
    many = {relation.name for relation in obj._meta.many_to_many}
    for name, value in values.items():
        if name not in many:
            setattr(obj, name, value)
    return {name: values[name] for name in values if name in many}


def _unknown_fields(kind: Kind, values: Mapping[str, Any]) -> None:
    if extra := set(values) - {*kind.fields, *kind.service_fields}:
        raise DomainError(_("Unknown fields: %(names)s") % {"names": ", ".join(sorted(extra))})


def _refuse_unseen(act: Act, kind: Kind, values: Mapping[str, Any]) -> None:
    """Records that `values` refer to must be ones the actor may see: a link to a system gives
    rights on it, so what is unseen cannot be named either. Cost: one query a reference."""
    if act.user is None:
        return
    faults = {}
    for name, value in values.items():
        if name in kind.service_fields:
            continue
        field: Any = kind.model._meta.get_field(name)
        if not field.is_relation or not hasattr(field.related_model, "access") or not value:
            continue
        named = value if field.many_to_many else [value]
        pks = {getattr(item, "pk", item) for item in named}
        rows = field.related_model._default_manager.filter(pk__in=pks)
        if rows.visible_to(act.user).count() != len(pks):
            faults[name] = _("There is no such record, or it is not open to you.")
    if faults:
        raise ValidationError(faults)


@transaction.atomic
def create(act: Act, kind: Kind, values: Mapping[str, Any]) -> Any:
    """Create one object of `kind` and return it.

    Raises ValidationError (field → messages), PermissionDenied outside the actor's reach.
    Audited as "<model>.created".
    """
    _unknown_fields(kind, values)
    _refuse_unseen(act, kind, values)
    placing.refuse(act, kind.model(), _entered(kind, values))
    if kind.model is Baseline:
        # A plan is asked for, whatever the door; another person agrees to it.
        return requests.request_baseline(act, values)
    obj: Any = kind.model()
    many = _assign(obj, values)
    if isinstance(obj, MonthlyUpdate):
        obj.revision = next_revision(obj)
    obj.updated_at, obj.updated_by = act.at, act.user
    try:
        validate(act, kind, obj)
    except ValidationError as error:
        if is_taken_unseen(kind, error):
            _refuse_out_of_reach(act, kind, obj, many)
        raise
    field_rights.refuse(act, obj, field_rights.changed_fields(obj, _entered(kind, values)))
    _compute(obj)
    if isinstance(obj, KpiLink) and act.user is not None:
        goals.judge(obj)
    if fault := kind.key_fault(kind.key_of(obj)):
        raise ValidationError({kind.key: fault})
    _insert(act, obj, many)
    independence.refuse_dependent_writer(act, obj)
    independence.check_record(obj, values)
    audit.record_object(
        act, f"{obj._meta.model_name}.created", obj, before=None, after=state_of(obj)
    )
    review_notices.tell_of(act, obj, before=None)
    touched = Touched()
    touched.add(obj)
    recompute(act, touched)
    return obj


@transaction.atomic
def edit(act: Act, kind: Kind, pk: int, values: Mapping[str, Any], *, version: int) -> Any:
    """Change one object and return it; `version` is the one the actor saw.

    Raises Conflict with the stored state where somebody saved in between, DomainError where the
    record may no longer be changed, ValidationError, PermissionDenied.
    Audited as "<model>.edited"; a save that changes nothing writes nothing.
    """
    _unknown_fields(kind, values)
    obj: Any = kind.model._default_manager.select_for_update(of=("self",)).get(pk=pk)
    recheck(act, obj, Action.EDIT)
    _refuse_closed(kind, obj)
    if obj.version != version:
        raise Conflict(state_of(obj))
    _refuse_unseen(act, kind, _changed(obj, values))
    placing.refuse(act, obj, _entered(kind, values))
    field_rights.refuse(act, obj, field_rights.changed_fields(obj, _entered(kind, values)))
    if write(act, obj, values):
        recheck(act, obj, Action.EDIT)
    return obj


def write(act: Act, obj: Any, values: Mapping[str, Any]) -> bool:
    """Save `values` to a locked record that the caller was allowed to write: validation, version,
    audit and what hangs on it. False where nothing changes. Audited as "<model>.edited".

    Raises ValidationError.
    """
    touched = Touched()
    touched.add(obj)
    before = state_of(obj)
    many = _assign(obj, values)
    _compute(obj)
    validate(act, kind_of(type(obj)), obj)
    if snapshot(obj) == {key: before[key] for key in snapshot(obj)} and not _many_changed(
        before, many
    ):
        return False
    if isinstance(obj, KpiLink) and act.user is not None:
        goals.judge(obj)
    obj.version += 1
    obj.updated_at, obj.updated_by = act.at, act.user
    obj.save()
    for name, related in many.items():
        getattr(obj, name).set(related)
    independence.refuse_dependent_writer(act, obj)
    after = state_of(obj)
    independence.check_record(obj, _differing(before, after))
    audit.record_object(act, f"{obj._meta.model_name}.edited", obj, before=before, after=after)
    review_notices.tell_of(act, obj, before=before)
    touched.add(obj)
    recompute(act, touched)
    return True


def _entered(kind: Kind, values: Mapping[str, Any]) -> dict[str, Any]:
    """What people entered, without what a service sets besides."""
    return {name: value for name, value in values.items() if name not in kind.service_fields}


def _compute(obj: models.Model) -> None:
    """What follows from other fields is never as it was typed."""
    if isinstance(obj, MonthlyUpdate):
        for name, value in filed.computed(obj, {}).items():
            setattr(obj, name, value)


def _changed(obj: models.Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """The references among `values` that differ from what is stored: an old one that the actor
    does not see may stay."""
    changed: dict[str, Any] = {}
    for name, value in values.items():
        field = obj._meta.get_field(name)
        if field.many_to_many:
            stored = set(getattr(obj, name).values_list("pk", flat=True))
            changed[name] = [item for item in value if getattr(item, "pk", item) not in stored]
        elif field.is_relation and getattr(value, "pk", value) != getattr(obj, f"{name}_id"):
            changed[name] = value
    return changed


def _differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """The names of the fields in which two states differ."""
    return {name.removesuffix("_id") for name in after if after[name] != before.get(name)}


def _many_changed(before: Mapping[str, Any], many: Mapping[str, Iterable[Any]]) -> bool:
    return any(
        before[name] != sorted(item if isinstance(item, int) else item.pk for item in related)
        for name, related in many.items()
    )


def closed_because(kind: Kind, obj: models.Model) -> str:
    """Why nobody may change `obj` any more, in words; "" while it is open. Queries nothing."""
    if not kind.is_editable:
        return _("This record stays as it is: add a new one instead.")
    if isinstance(obj, MonthlyUpdate) and obj.state not in OPEN_STATES:
        return _("A submitted report can no longer be edited.")
    return ""


def _refuse_closed(kind: Kind, obj: models.Model) -> None:
    if reason := closed_because(kind, obj):
        raise DomainError(reason)


def next_revision(update: MonthlyUpdate) -> int:
    """1 for a month's first report; after an approved one, the next number."""
    last = (
        MonthlyUpdate.objects.filter(project_id=update.project_id, period=update.period)
        .order_by("-revision")
        .first()
    )
    if last is None or last.state not in SETTLED_STATES:
        return 1  # The unique constraint answers where a report is still open.
    return last.revision + 1
