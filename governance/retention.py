"""How long what is no record of account is kept, why, and what happens then: ONE table.

The register and the trail are kept for ever; nothing here touches them. Periods are set within bounds
by `RETENTION_DAYS` ("drafts=30,notices_read=180"); docs/retention.md tells the table.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.checks import CheckMessage, Error
from django.db import transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from governance import audit
from governance.audit import Act
from governance.models import Draft, ExportJob, ExportState, Notice

WARNED: Final = timedelta(days=7)
"""How long before a draft goes its writer is told on the page My work"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of data. `remove` takes (the moment before which it has expired, now) and returns how
    many rows it removed; running it twice removes nothing more."""

    name: str
    what: Promise
    days: int
    least: int
    most: int
    why: Promise
    remove: Callable[[datetime, datetime], int]

    @property
    def period(self) -> timedelta:
        """As set for this site."""
        return timedelta(days=settings.RETENTION_DAYS.get(self.name, self.days))


DRAFTS: Final = Rule(
    "drafts",
    gettext_lazy("What was typed into a form and not saved"),
    days=30,
    least=7,
    most=365,
    why=gettext_lazy("Nobody is waiting for it any more; My work warns a week before."),
    remove=lambda before, at: Draft.objects.filter(saved_at__lt=before).delete()[0],
)

EXPORTS: Final = Rule(
    "exports",
    gettext_lazy("Large files that were made for somebody to take"),
    days=7,
    least=1,
    most=90,
    why=gettext_lazy("The register holds what they hold; who took one stands in the trail."),
    remove=lambda before, at: _removed_exports(before, at),
)

RULES: Final = (
    DRAFTS,
    EXPORTS,
    Rule(
        "notices_read",
        gettext_lazy("Notices that were read"),
        days=180,
        least=30,
        most=3650,
        why=gettext_lazy("They have done their work; what they told of stands in the register."),
        remove=lambda before, at: Notice.objects.filter(read_at__lt=before).delete()[0],
    ),
    Rule(
        "notices",
        gettext_lazy("Notices that nobody read"),
        days=730,
        least=180,
        most=3650,
        why=gettext_lazy("What waits that long is reminded of anew."),
        remove=lambda before, at: Notice.objects.filter(created_at__lt=before).delete()[0],
    ),
    Rule(
        "sessions",
        gettext_lazy("Sessions that have ended"),
        days=0,
        least=0,
        most=30,
        why=gettext_lazy("They open nothing any more; sign-ins stand in the trail."),
        remove=lambda before, at: Session.objects.filter(expire_date__lt=before).delete()[0],
    ),
)


def _removed_exports(before: datetime, at: datetime) -> int:
    """Files past their days, and what never became a file."""
    made = Q(expires_at__lte=at)
    never = Q(state__in=(ExportState.CANCELLED, ExportState.FAILED), finished_at__lt=before)
    jobs = ExportJob.objects.filter(made | never)
    count = jobs.count()
    jobs.delete()  # With their pieces.
    return count


@transaction.atomic
def purge(rules: Iterable[Rule], act: Act) -> dict[str, int]:
    """Remove what has expired; rows removed by rule. Audited once, as "retention.purged"."""
    removed = {rule.name: rule.remove(act.at - rule.period, act.at) for rule in rules}
    audit.record(
        act, "retention.purged", object_type="retention", object_key="retention", after=removed
    )
    return removed


def faults_of(rules: Iterable[Rule], **kwargs: Any) -> list[CheckMessage]:
    """governance.E011 for each period of the settings that is unknown or out of its bounds."""
    known = {rule.name: rule for rule in rules}
    given: Mapping[str, int] = settings.RETENTION_DAYS
    faults: list[CheckMessage] = []
    words: dict[str, Any]
    for name, days in given.items():
        rule = known.get(name)
        if rule is None:
            text = _("RETENTION_DAYS names “%(name)s”, which is no kind of data: %(known)s")
            words = {"name": name, "known": ", ".join(known)}
        elif not rule.least <= days <= rule.most:
            text = _("RETENTION_DAYS keeps “%(name)s” for %(days)d days: %(least)d to %(most)d.")
            words = {"name": name, "days": days, "least": rule.least, "most": rule.most}
        else:
            continue
        faults.append(Error(text % words, id="governance.E011"))
    return faults
