"""What every write to the register begins and ends with."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models

from governance.access import Action
from governance.audit import Act
from governance.models.base import snapshot
from projects.register import UNUSABLE, Kind


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


def validate(act: Act, kind: Kind, obj: Any) -> None:
    """Every rule of the model. Raises ValidationError, which names no unseen record."""
    try:
        obj.full_clean()
    except ValidationError as error:
        told = without_unseen(act.user, kind, obj, error)
        if told is error:
            raise  # From itself, its past would be a circle.
        raise told from error


def without_unseen(user: Any, kind: Kind, obj: Any, error: ValidationError) -> ValidationError:
    """`error`, in which a key that a record outside of `user`'s sight has taken is told like any
    key that cannot be used. Cost: one query where a key is taken."""
    by_field = dict(error.error_dict)
    told = by_field.get(kind.key, [])
    if user is None or not any(single.code == "unique" for single in told):
        return error
    holder = kind.objects.visible_to(user).filter(**{kind.key: getattr(obj, kind.key)})
    if holder.exists():
        return error
    by_field[kind.key] = [ValidationError(UNUSABLE, code="unusable")]
    return ValidationError(by_field)


def is_taken_unseen(kind: Kind, error: ValidationError) -> bool:
    """Whether a key that an unseen record has taken is all that `error` tells."""
    told = error.error_dict
    return set(told) == {kind.key} and all(one.code == "unusable" for one in told[kind.key])
