import getpass
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.management.commands import changepassword
from django.db import transaction
from django.utils import timezone

from governance import audit
from governance.audit import Act
from governance.people import accounts


class Command(changepassword.Command):
    """Django's own, with what every other change of a password has: an event, the end of all
    sessions, and word to the holder."""

    help = "Change a user's password; it is written to the trail, and every session ends."

    def handle(self, *args: Any, **options: Any) -> str | None:
        act = Act(None, timezone.now(), "changepassword")
        with transaction.atomic():
            name = options["username"] or getpass.getuser()
            named = get_user_model().objects.filter(username=name).values_list("pk", flat=True)
            stood = audit.credentials.standing(list(named))
            told = super().handle(*args, **options)
            user = get_user_model().objects.get(username=name)
            wrote = audit.credentials.since(stood, user)
            odd = audit.credentials.untold(stood, user)
            audit.record_object(act, "user.password_set", user, before=None, after=odd, wrote=wrote)
            accounts.password_was_set(act, user)
        return told
