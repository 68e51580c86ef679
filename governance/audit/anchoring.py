"""The daily anchor: written to the folder, mailed to the auditors, told in the trail itself."""

import logging
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.access import Role
from governance.audit import anchors, restores
from governance.audit.anchors import Anchor
from governance.audit.events import Act, record
from governance.models import AuditEvent, AuditHead, Membership, User
from governance.models.base import valid_on

logger = logging.getLogger(__name__)

VERB: Final = anchors.ANCHORED
TYPE: Final = "trail"


@dataclass(slots=True)
class Anchored:
    """What came of anchoring. `fits` tells whether the anchor before still names its event;
    `replaced_by` the event of the restore that accounts for it where it does not, else 0."""

    anchor: Anchor
    fits: bool = True
    replaced_by: int = 0
    mailed: list[str] = field(default_factory=list)
    not_mailed: list[str] = field(default_factory=list)


def anchor(act: Act) -> Anchored | None:
    """Anchor the head as of `act.at`; None where this head was anchored today already.

    The file comes first: whatever fails later, it stands. Audited as "trail.anchored".
    Raises NoKey, KeyUnsafe, OSError.
    """
    before = anchors.last(anchors.directory())
    head = AuditHead.objects.get(pk=AuditHead.ONLY)
    try:
        path = anchors.write(head, act.at)
    except FileExistsError:
        return None
    done = Anchored(anchors.read(path.name, path.read_bytes()), fits=_fits(before))
    if before is not None and not done.fits:
        restore = restores.accounting(restores.known(), before)
        done.replaced_by = 0 if restore is None else restore.seq
    _mail_auditors(done, path, act.at)
    with transaction.atomic():
        record(
            act,
            VERB,
            object_type=TYPE,
            object_key=str(head.seq),
            object_name=path.name,
            after={
                "file": path.name,
                "sha256": done.anchor.sha256,
                "hash": head.hash,
                "fits": done.fits,
                "mailed": done.mailed,
                "not_mailed": done.not_mailed,
            },
        )
    return done


def _fits(before: Anchor | None) -> bool:
    """Whether the event that the last anchor names stands as it was. Cost: one query."""
    if before is None or not before.seq:
        return True
    return AuditEvent.objects.filter(seq=before.seq, hash=before.hash).exists()


def anchor_daily(at: datetime) -> str:
    """The regular job; says in a sentence what it did."""
    done = anchor(Act(user=None, at=at, source="schedule"))
    if done is None:
        return _("The trail is anchored already.")
    if not done.fits and not done.replaced_by:
        logger.error("The audit trail does not fit its last anchor: run manage.py verify_audit")
    return sentence(done)


def sentence(done: Anchored) -> str:
    """What was anchored, and that the trail does not fit where it does not."""
    told = _("Anchored event %(seq)d of the trail; auditors told: %(n)d.") % {
        "seq": done.anchor.seq,
        "n": len(done.mailed),
    }
    if done.not_mailed:
        told += " " + _("Not reached by mail: %(names)s.") % {"names": ", ".join(done.not_mailed)}
    if not done.fits:
        told += " " + _misfit(done)
    return told


def _misfit(done: Anchored) -> str:
    if done.replaced_by:
        return _(
            "The anchor before was made on events that a restore of a backup has replaced: see event"
            " %(seq)d. Ask who restored it, and why."
        ) % {"seq": done.replaced_by}
    return _(
        "The trail does NOT fit the anchor before: its event is gone or was rewritten. Run manage.py"
        " verify_audit with the anchors that you keep."
    )


# Mail -------------------------------------------------------------------------------------------


def auditors(at: datetime) -> list[User]:
    """Whoever holds the auditor's role and has an address."""
    today = timezone.localdate(at)
    held = Membership.objects.filter(valid_on(today), role=Role.AUDITOR).values("user_id")
    people = User.objects.filter(pk__in=held, is_active=True)
    return list(people.exclude(email="").order_by("pk"))


def _mail_auditors(done: Anchored, path: Path, at: datetime) -> None:
    """Send the file to each auditor; one that cannot be reached stops nobody else."""
    content = path.read_bytes()
    for person in auditors(at):
        try:
            _mail(person, done, content)
        except Exception:
            logger.exception("The anchor could not be mailed to user %s", person.pk)
            done.not_mailed.append(person.username)
        else:
            done.mailed.append(person.username)


def _mail(person: User, done: Anchored, content: bytes) -> None:
    found = done.anchor
    with override(person.language):
        site = _("IT Investment Governance Dashboard")
        subject = _("Audit trail: anchor of %(day)s, event %(seq)d") % {
            "day": f"{found.at:%Y-%m-%d}",
            "seq": found.seq,
        }
        lines = [
            *([] if done.fits else [_misfit(done), ""]),
            _("Keep this mail: it proves later that nothing before it was rewritten."),
            "",
            _("Last event: %(seq)d") % {"seq": found.seq},
            _("Its hash: %(hash)s") % {"hash": found.hash or "-"},
            _("At: %(at)s") % {"at": found.at.isoformat(timespec="seconds")},
            _("Fingerprint of the signing key: %(key)s") % {"key": found.fingerprint()},
            "",
            _("To compare, open the page of the audit trail and send in the file attached here."),
            f"{settings.SITE_URL}/audit/verify/",
        ]
        mail = EmailMessage(f"[{site}] {subject}", "\n".join(lines) + "\n", None, [person.email])
        mail.attach(found.name, content, "application/json")
        mail.send()
