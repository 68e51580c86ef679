"""What every write to the register begins and ends with."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models

from governance.access import Action
from governance.audit import Act
from governance.models.base import snapshot


def state_of(obj: models.Model) -> dict[str, Any]:
    """Columns and many-to-many ids of a stored object, as the audit trail keeps them."""
    state = snapshot(obj)
    for relation in obj._meta.many_to_many:
        manager = getattr(obj, relation.name)
        state[relation.name] = sorted(manager.values_list("pk", flat=True))
    return state


def recheck(act: Act, obj: models.Model, action: Action) -> None:
    """The saved row must lie within the actor's rights, or all rolls back: nobody moves a record
    into another agency or creates it there."""
    if act.user is None:  # A command: run by whoever operates the machine.
        return
    rows: Any = type(obj)._default_manager.filter(pk=obj.pk)
    if not rows.visible_to(act.user, action).exists():
        raise PermissionDenied
