"""Telling the trail what came past it on purpose: a migration that changed rows, a loaded copy."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import chain

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from governance.audit import credentials, register
from governance.audit.events import Act, record
from governance.audit.faults import Fault, Kind
from governance.audit.states import GONE, State, audited_models, stored, type_of
from governance.exceptions import DomainError
from governance.models import AuditHead

VERB = "register.sealed"


class NoReason(DomainError):
    message = _("Say why rows changed without events: the reason stays in the trail.")


@transaction.atomic
def seal_register(act: Act) -> dict[str, dict[str, int]]:
    """Seal every row that is not as its last event left it; returns how many by kind and fault.

    For whoever operates the machine, after a change of the database that went past the program.
    Nothing is hidden by it: one event, "register.sealed", tells the reason and the counts, and
    names each row. Writes nothing where all fits. Raises NoReason.
    """
    if not act.reason.strip():
        raise NoReason
    AuditHead.objects.select_for_update().get(pk=AuditHead.ONLY)
    rows = list(register.compare([]))
    opened = credentials.compare()
    # A reference that leads nowhere is to be mended: no seal makes it lead anywhere.
    apart = (Kind.DANGLING, Kind.CREDENTIALS)
    faults = [f for f in rows if f.kind not in apart and f.object_type != credentials.TYPE]
    faults += [fault for fault, _state in opened]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for fault in faults:
        counts[fault.object_type][fault.kind.value] += 1
    told = {name: dict(sorted(found.items())) for name, found in sorted(counts.items())}
    if faults:
        record(
            act,
            VERB,
            object_type="register",
            object_key="all",
            after=told,
            wrote=chain(_states(faults), (state for _fault, state in opened)),
        )
    return told


def _states(faults: list[Fault]) -> Iterator[State]:
    by_type: dict[str, list[Fault]] = defaultdict(list)
    for fault in faults:
        by_type[fault.object_type].append(fault)
    for model in audited_models():
        there = [f for f in by_type[type_of(model)] if f.kind is not Kind.ROW_GONE]
        yield from stored(model, register.pks_of(model, (f.object_key for f in there)))
    for fault in faults:
        if fault.kind is Kind.ROW_GONE:
            yield State(fault.object_type, fault.object_key, GONE)
