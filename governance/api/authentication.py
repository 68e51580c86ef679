from rest_framework import authentication
from rest_framework.request import Request


class SessionAuthentication(authentication.SessionAuthentication):
    """The site's own sign-in, with CSRF checks on every write.

    Names a challenge, so that "sign in first" is 401 and "not for you" is 403.
    """

    def authenticate_header(self, request: Request) -> str:
        return 'Session realm="api"'
