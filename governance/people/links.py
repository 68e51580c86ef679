"""One-time links to set a password.

A link that went to the holder's own address by mail proves the holder; a link that somebody saw
proves nothing. The token itself tells which of the two it is.
"""

from enum import StrEnum
from typing import Final

from django.conf import settings
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.http import HttpRequest
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from governance.models import User


class Way(StrEnum):
    """How a link reaches its holder."""

    MAIL = "mail"
    SHOWN = "shown"


class _Tokens(PasswordResetTokenGenerator):
    """Django's tokens, of one way: gone once the password, the address or the last
    sign-in changes."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        self.key_salt = f"governance.people.links.{way}"


_TOKENS: Final = {way: _Tokens(way) for way in Way}


class PasswordTokens:
    """What Django's view asks of a token generator, over both ways."""

    def check_token(self, user: User | None, token: str | None) -> bool:
        return user is not None and user.is_active and way_of(user, token) is not None


def way_of(user: User, token: str | None) -> Way | None:
    """By what way this token was handed out; None where it is none, used, or too old."""
    for way, tokens in _TOKENS.items():
        if tokens.check_token(user, token):
            return way
    return None


def site_of(request: HttpRequest) -> str:
    """What stands before an address in a mail: SITE_URL, or the checked host of the request."""
    return settings.SITE_URL or request.build_absolute_uri("/").rstrip("/")


def password_path(user: User, way: Way) -> str:
    """Where the holder sets a password, once."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    return reverse("password-set", args=[uid, _TOKENS[way].make_token(user)])
