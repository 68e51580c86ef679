"""How a link to set a password reaches the holder: by mail, or through the hands of one person."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from governance import audit
from governance.audit import Act
from governance.models import AccountTie, User
from governance.people import links, mailboxes, mails, throttle, ties
from governance.people.links import Way

# Mails that anybody may cause for one account, in a window of throttle.WINDOW seconds.
MAILS_PER_ACCOUNT = 3


def goes_by_mail(user: User) -> bool:
    """Whether the link goes to the holder's address, so that nobody else sees it."""
    return settings.HAS_MAIL and bool(user.email)


def mail_link(act: Act, user: User, site: str, kind: AccountTie.Kind) -> bool:
    """Mail the holder a link; False where the mail could not be sent. Audited as
    "user.link_mailed" before it goes, and "user.link_not_sent" where it didn't: a slow mail server
    holds up no other write."""
    with transaction.atomic():
        after = {"to": user.email, "kind": kind.value}
        audit.record_object(act, "user.link_mailed", user, before=None, after=after)
        ties.tie(act, user, kind)
    if mails.invite(user, site):
        return True
    with transaction.atomic():
        audit.record_object(act, "user.link_not_sent", user, before=None, after={"to": user.email})
    return False


@transaction.atomic
def show_link(act: Act, user: User) -> str:
    """The path of a link for the actor's eyes; whoever sets the password with it is not proven.
    Audited as "user.link_shown"."""
    audit.record_object(act, "user.link_shown", user, before=None, after={})
    ties.tie(act, user, AccountTie.Kind.LINK_SEEN)
    return links.password_path(user, Way.SHOWN)


def mail_forgotten(name: str, site: str, at: datetime) -> None:
    """Mail a link to the accounts that are meant by a user name or an address: each at most a few
    in a quarter of an hour. Of several with one address none is meant that its holder merely typed
    there: its reader would confirm it by mistake. Audited as "user.link_mailed"."""
    wanted = Q(username=name) | Q(email__iexact=name)
    found = list(User.objects.filter(wanted, is_active=True).exclude(email=""))
    if len(found) > 1:
        found = [one for one in found if one.username == name or not mailboxes.is_own_word(one)]
    for user in found:
        if throttle.may_ask(f"mail to account {user.pk}", MAILS_PER_ACCOUNT):
            act = Act(user=None, at=at, source="forgotten")
            mail_link(act, user, site, AccountTie.Kind.RESET)
