"""Setting a flag aside: asked for with a reason and a day, agreed to by another person."""

from datetime import date, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.access import Action
from governance.audit import Act
from governance.exceptions import DomainError
from governance.models.base import snapshot
from projects.models import FlagMute, RiskFlag
from projects.models.choices import FlagSeverity, RequestState
from projects.services.requests import decide, open_request
from projects.services.writing import recheck, state_of

LONGEST: Final = timedelta(days=366)
"""A flag is set aside for a year at most; then it is looked at again."""


def _standing(act: Act, pk: int, action: Action) -> RiskFlag:
    flag = RiskFlag.objects.select_for_update(of=("self",)).get(pk=pk)
    recheck(act, flag, action)
    if flag.closed_on is not None:
        raise DomainError(_("This flag has closed meanwhile."))
    return flag


@transaction.atomic
def request_mute(act: Act, flag_pk: int, expires_on: date) -> FlagMute:
    """Ask for a flag to be muted until a day, for the act's reason. Audited as
    "flagmute.requested". Raises ValidationError, DomainError, PermissionDenied."""
    flag = _standing(act, flag_pk, Action.FLAG)
    if flag.severity == FlagSeverity.UNKNOWN:
        raise DomainError(_("What could not be judged is no finding: report the missing figures."))
    today = timezone.localdate(act.at)
    if not today < expires_on <= today + LONGEST:
        raise ValidationError({"expires_on": _("Give a day after today, within a year.")})
    mute = FlagMute(
        flag=flag,
        severity=flag.severity,
        reason=act.reason.strip(),
        expires_on=expires_on,
        requested_at=act.at,
        requested_by=act.user,
        updated_at=act.at,
    )
    mute.updated_by = act.user
    mute.full_clean()
    mute.save(force_insert=True)
    audit.record_object(act, "flagmute.requested", mute, before=None, after=state_of(mute))
    return mute


@transaction.atomic
def approve_mute(act: Act, pk: int, *, version: int | None = None) -> FlagMute:
    """Agree: the flag leaves the lists until its day. Audited as "flagmute.approved"."""
    mute: FlagMute = open_request(act, FlagMute, pk, Action.APPROVE, version)
    flag = _standing(act, mute.flag_id, Action.APPROVE)
    today = timezone.localdate(act.at)
    if mute.expires_on <= today:
        raise DomainError(_("Its day has passed: ask again."))
    if flag.severity != mute.severity:
        raise DomainError(_("The flag is not what it was when this was asked: ask again."))
    before = decide(act, mute, RequestState.APPROVED)
    mute.full_clean()
    mute.save()
    audit.record_object(act, "flagmute.approved", mute, before=before, after=state_of(mute))
    _set(act, flag, "riskflag.muted", since=today, until=mute.expires_on)
    return mute


@transaction.atomic
def reject_mute(act: Act, pk: int, *, version: int | None = None) -> FlagMute:
    """Refuse, with a reason. Audited as "flagmute.rejected"."""
    mute: FlagMute = open_request(act, FlagMute, pk, Action.APPROVE, version)
    before = decide(act, mute, RequestState.REJECTED)
    mute.full_clean()
    mute.save()
    audit.record_object(act, "flagmute.rejected", mute, before=before, after=state_of(mute))
    return mute


@transaction.atomic
def unmute(act: Act, flag_pk: int) -> RiskFlag:
    """Hear a muted flag again before its day: whoever may ask for a muting may end one. Audited
    as "riskflag.unmuted"."""
    flag = _standing(act, flag_pk, Action.FLAG)
    if not flag.is_muted(timezone.localdate(act.at)):
        raise DomainError(_("This flag is not muted."))
    _set(act, flag, "riskflag.unmuted", since=None, until=None)
    return flag


def _set(act: Act, flag: RiskFlag, verb: str, *, since: date | None, until: date | None) -> None:
    before: dict[str, Any] = snapshot(flag)
    flag.muted_on, flag.muted_until = since, until
    flag.save(update_fields=["muted_on", "muted_until"])
    audit.record_object(act, verb, flag, before=before, after=snapshot(flag))
