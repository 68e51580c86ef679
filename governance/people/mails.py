"""Mails about an account, to its holder alone, in the holder's language."""

import logging
from datetime import datetime
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import send_mail
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from governance.models import User
from governance.people import links
from governance.people.links import Way

logger = logging.getLogger(__name__)


def send(user: User, subject: str, lines: list[str], to: str = "") -> bool:
    """Send to the holder, or `to` an address that the account had; False (and a log line without
    the text) where it could not be sent."""
    title = f"[{_('IT Investment Governance Dashboard')}] {subject}"
    try:
        send_mail(title, "\n".join(lines) + "\n", None, [to or user.email])
    except (SMTPException, OSError):
        logger.exception("Mail about the account %s could not be sent", user.pk)
        return False
    return True


def invite(user: User, site: str) -> bool:
    """The link at which the holder sets the first password, or a new one."""
    with override(user.language):
        return send(
            user,
            _("Set your password"),
            [
                _("Your account: %(name)s") % {"name": user.username},
                _("Set your password at this address. It works once, and for a few days:"),
                f"{site}{links.password_path(user, Way.MAIL)}",
                _("If you don't expect this mail, do nothing and tell your PMO."),
            ],
        )


def tell_old_address(user: User, old: str, at: datetime) -> None:
    """Tell the address that the account had that it has another now: who changed it may not be the
    holder."""
    if not settings.HAS_MAIL:
        return
    with override(user.language):
        moment = timezone.localtime(at).strftime("%Y-%m-%d %H:%M")
        send(
            user,
            _("address changed"),
            [
                _("Your account: %(name)s") % {"name": user.username},
                _("The address of your account was changed at %(at)s. Was it you?")
                % {"at": moment},
                _("If you don't expect this mail, do nothing and tell your PMO."),
            ],
            to=old,
        )
