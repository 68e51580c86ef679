"""Who holds which role, granted, changed and ended; accounts and skills; each step in the trail."""

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action, can
from governance.audit import Act
from governance.exceptions import Conflict, DomainError
from governance.models import AccountTie, Membership, RoleRequest, Training, User
from governance.models.base import snapshot
from governance.people import mailboxes, ties
from governance.people.belonging import belongs_to
from projects.people import may_see
from projects.services import independence, role_requests
from projects.services.memberships import (
    grantable,
    refuse_actor,
    refuse_changing,
    store,
    told,
)

# Alphabets that share the shapes of letters.
_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


@transaction.atomic
def grant(act: Act, values: Mapping[str, Any], *, reason: str = "") -> Membership | RoleRequest:
    """Give somebody a role, or ask for it where others have to agree. `values`: user, role, agency
    or project, is_head, allocation_percent, valid_from, valid_to.

    A role that carries approval waits for another office, one over an account of others for its
    holder or ministry (`projects.services.role_requests`). Audited as "membership.granted" or
    "rolerequest.requested". Raises ValidationError, DomainError for one's own roles,
    PermissionDenied outside one's scope.
    """
    membership = Membership(**values)
    # Two grants to one person wait for each other: overlaps are seen.
    User.objects.select_for_update().get(pk=membership.user_id)
    refuse_actor(act, membership)
    needs = role_requests.needs_of(act, membership)
    point = transaction.savepoint()
    store(act, membership)
    if not needs:
        told(act, membership, "membership.granted", None)
        return membership
    # What could not be given anyway is not asked for.
    transaction.savepoint_rollback(point)
    membership.pk = None
    return role_requests.ask(act, membership, needs, reason)


@transaction.atomic
def change(act: Act, pk: int, values: Mapping[str, Any], *, version: int) -> Membership:
    """Change share, head or days of a role held; never whose or where it is. Audited as
    "membership.changed".

    Longer days of a role that others had to agree to are refused: they are another grant. A
    verifier's role is the CIO office's to change.
    """
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=pk)
    refuse_changing(act, membership)
    if membership.version != version:
        raise Conflict(snapshot(membership))
    before = snapshot(membership)
    was = _days(membership)
    for name in ("is_head", "allocation_percent", "valid_from", "valid_to"):
        if name in values:
            setattr(membership, name, values[name])
    if snapshot(membership) == before:
        return membership
    (start, end), (old_start, old_end) = _days(membership), was
    if (start < old_start or end > old_end) and role_requests.needs_of(act, membership):
        raise DomainError(
            _("Others agreed to the days of this role: longer ones have to be asked for anew.")
        )
    membership.version += 1
    store(act, membership)
    told(act, membership, "membership.changed", before)
    return membership


def _days(membership: Membership) -> tuple[date, date]:
    return membership.valid_from or date.min, membership.valid_to or date.max


@transaction.atomic
def end(act: Act, pk: int, on: date, *, version: int | None = None) -> Membership:
    """End a role: `on` is its last day, never a later one than it has. One person is enough, of the
    CIO office for a verifier's. The record stays. Audited as "membership.ended"."""
    membership = Membership.objects.select_for_update(of=("self",)).get(pk=pk)
    refuse_changing(act, membership)
    if version is not None and membership.version != version:
        raise Conflict(snapshot(membership))
    if membership.valid_from is not None and on < membership.valid_from:
        raise ValidationError({"on": _("The end lies before the start.")})
    if membership.valid_to is not None and on > membership.valid_to:
        raise ValidationError({"on": _("This role ends before that day already.")})
    before = snapshot(membership)
    membership.valid_to = on
    membership.version += 1
    store(act, membership)
    told(act, membership, "membership.ended", before)
    return membership


@transaction.atomic
def add_person(act: Act, *, username: str, display_name: str, email: str, language: str) -> User:
    """A new account without a password: its holder sets one with a link (`services.accounts`).
    Audited as "user.created". PMO and personnel only."""
    if act.user is not None and not grantable(act.user):
        raise PermissionDenied
    mailboxes.refuse_odd(email)
    user = User(username=username, display_name=display_name, email=email, language=language)
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        told = _without_unseen(act, username, error)
        if told is error:
            raise  # From itself, its past would be a circle.
        raise told from error
    _refuse_look_alike(username)
    user.save()
    audit.record_object(
        act,
        "user.created",
        user,
        before=None,
        after={
            "username": username,
            "display_name": display_name,
            "email": email,
            "language": language,
        },
    )
    ties.tie(act, user, AccountTie.Kind.MADE)
    return user


@transaction.atomic
def set_employer(act: Act, person: User, number: str) -> User:
    """Keep for whom somebody works, by corporate number; "" for nobody outside. Audited as
    "user.employer_changed".

    Raises ValidationError where the number is none, or where the person verifies what this body
    supplies; PermissionDenied for whoever may not give roles over the account, DomainError for
    one's own.
    """
    person = User.objects.select_for_update().get(pk=person.pk)
    if act.user is not None:
        if act.user.pk == person.pk:
            raise DomainError(_("Nobody changes their own employer."))
        on = timezone.localdate(act.at)
        if not grantable(act.user) or not belongs_to(act.user, person, on):
            raise PermissionDenied
    before, person.employer_number = person.employer_number, number
    if before == number:
        return person
    person.clean_fields(exclude=["password"])
    person.save(update_fields=["employer_number"])
    independence.check_person(person.pk)
    audit.record_object(
        act,
        "user.employer_changed",
        person,
        before={"employer_number": before},
        after={"employer_number": number},
    )
    return person


def _refuse_look_alike(username: str) -> None:
    """Raise ValidationError for a name that people take for another's: capitals alone, or letters
    of several alphabets that look alike. Whoever is or isn't seen, it is told the same."""
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in username}
    is_taken = User.objects.filter(username__iexact=username).exists()
    if is_taken or len(alphabets & _ALIKE) > 1:
        raise ValidationError(
            {"username": _("This account name cannot be used: choose another one.")}
        )


def _without_unseen(act: Act, username: str, error: ValidationError) -> ValidationError:
    """`error`, in which the name of an account out of the actor's sight is told like any name that
    cannot be used."""
    by_field = dict(error.error_dict)
    if act.user is None or not any(one.code == "unique" for one in by_field.get("username", [])):
        return error
    holder = User.objects.filter(username=username).first()
    if holder is None or may_see(act.user, holder):
        return error
    by_field["username"] = [
        ValidationError(_("This account name cannot be used: choose another one."))
    ]
    return ValidationError(by_field)


# Skills and training ----------------------------------------------------------------------------------------


@transaction.atomic
def record_training(
    act: Act, person: User, values: Mapping[str, Any], training: Training | None = None
) -> Training:
    """Record, or change, a skill, training or qualification. Audited."""
    action = Action.CREATE if training is None else Action.EDIT
    if training is not None:
        training = Training.objects.select_for_update(of=("self",)).get(pk=training.pk)
    before = None if training is None else snapshot(training)
    training = training or Training(user=person)
    for name in ("kind", "title", "level", "obtained_on", "expires_on", "note"):
        setattr(training, name, values[name])
    if before is not None and snapshot(training) == before:
        return training
    if before is not None:
        training.version += 1
    training.updated_at, training.updated_by = act.at, act.user
    training.full_clean()
    training.save()
    if act.user is not None and not can(act.user, action, training):
        raise PermissionDenied
    verb = "training.recorded" if before is None else "training.changed"
    audit.record_object(act, verb, training, before=before, after=snapshot(training))
    return training
