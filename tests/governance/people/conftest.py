"""People with a password, and browsers that sign in with it as a person does."""

from typing import Any

import pytest
from django.test import Client

from governance.access import Role
from governance.models import User
from tests import factories
from tests.conftest import World

PASSWORD = "correct horse battery staple"
LOGIN = "/accounts/login/"


@pytest.fixture
def holder(world: World) -> User:
    """Somebody with a password, an address and a role that reads."""
    user = factories.UserFactory.create(username="holder", email="holder@example.go.jp")
    user.set_password(PASSWORD)
    user.save()
    factories.MembershipFactory.create(user=user, role=Role.AUDITOR)
    return user


def browser(address: str = "192.0.2.1") -> Client:
    """A browser at an address, in English."""
    return Client(headers={"accept-language": "en"}, REMOTE_ADDR=address)


def sign_in(client: Client, name: str = "holder", password: str = PASSWORD, **more: str) -> Any:
    return client.post(LOGIN, {"username": name, "password": password, **more})


def is_in(client: Client) -> bool:
    return client.get("/systems/").status_code == 200


def text(response: Any) -> str:
    found: str = response.content.decode()
    return found
