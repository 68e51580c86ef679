"""Which tables an export carries: every one, except those that say why not.

Found by Django's own description of the models, so that a new model is included by itself. A model of
the house that stays behind says so itself (`left_out_of_export = "reason"`).
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from django.apps import apps
from django.db import models

LEFT_OUT: Final[Mapping[str, str]] = {
    "contenttypes.ContentType": "made by migrate",
    "auth.Permission": "made by migrate; rights follow from memberships",
    "auth.Group": "not used: rights follow from memberships",
    "auth.Group_permissions": "not used: rights follow from memberships",
    "governance.User_groups": "not used: rights follow from memberships",
    "governance.User_user_permissions": "not used: rights follow from memberships",
    "sessions.Session": "people sign in again",
    "usersessions.UserSession": "people sign in again",
    "account.EmailConfirmation": "links that run out within days",
}
"""Models of others that stay behind → the reason"""

CARRIED_OF_OTHERS: Final = frozenset({"account.EmailAddress", "socialaccount.SocialAccount"})
"""Models of others that go along"""

SECRET: Final = frozenset(
    {"mfa.Authenticator", "socialaccount.SocialApp", "socialaccount.SocialToken"}
)
"""Models that hold nothing but secrets: they go along on request only"""

SECRET_FIELDS: Final[Mapping[str, frozenset[str]]] = {"governance.User": frozenset({"password"})}

HOUSE: Final = frozenset({"governance", "projects", "reports"})

Model = type[models.Model]
Field: TypeAlias = "models.Field[Any, Any]"


def every() -> Iterator[Model]:
    """Every table of this site that Django knows, those of many-to-many relations included."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            yield model


def reason_left_out(model: Model, *, with_credentials: bool) -> str:
    """Why an export does not carry a model; "" where it does."""
    label = model._meta.label
    if label in SECRET and not with_credentials:
        return "credentials, carried on request only"
    reason: str = getattr(model, "left_out_of_export", LEFT_OUT.get(label, ""))
    return reason


def carried(*, with_credentials: bool) -> list[Model]:
    """The models that an export carries, by label."""
    found = [m for m in every() if not reason_left_out(m, with_credentials=with_credentials)]
    return sorted(found, key=lambda model: model._meta.label)


def columns(model: Model, *, with_credentials: bool) -> list[Field]:
    """The columns of a model that an export carries."""
    secret = frozenset() if with_credentials else SECRET_FIELDS.get(model._meta.label, frozenset())
    return [field for field in model._meta.concrete_fields if field.name not in secret]
