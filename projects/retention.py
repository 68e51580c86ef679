"""The whole retention table: the site's kinds of data, and the register's uploads."""

from datetime import datetime
from typing import Any, Final

from django.core.checks import CheckMessage
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance import retention
from governance.audit import Act
from governance.retention import Rule
from projects.imports import jobs
from projects.models import ImportJob

RULES: Final = (
    *retention.RULES,
    Rule(
        "uploads",
        _("Uploaded files that were checked and never confirmed"),
        # The same as ever: the page of the file says so.
        days=jobs.FORGOTTEN.days,
        least=jobs.FORGOTTEN.days,
        most=jobs.FORGOTTEN.days,
        why=_("The register has moved on since they were checked. A file that ended goes at once."),
        remove=lambda before, at: jobs.expire(at),
    ),
    Rule(
        "import_reports",
        _("What was found in an uploaded file, once it has ended"),
        days=365,
        least=30,
        most=3650,
        why=_("What it brought in stands in the register and in the trail."),
        remove=lambda before, at: ImportJob.objects.filter(
            state__in=jobs.ENDED, finished_at__lt=before
        ).delete()[0],
    ),
)


def purge(at: datetime) -> dict[str, int]:
    """Remove what has expired by `at`; rows removed by rule."""
    return retention.purge(RULES, Act(user=None, at=at, source="schedule"))


def told(at: datetime) -> str:
    """`purge` as a regular job tells of it."""
    return gettext("Expired and removed: %(n)d") % {"n": sum(purge(at).values())}


def check(**kwargs: Any) -> list[CheckMessage]:
    """Whether the periods of the settings lie within their bounds."""
    return retention.faults_of(RULES)
