from typing import TYPE_CHECKING, Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from governance.access import Action, Resource, can, can_somewhere

if TYPE_CHECKING:  # The framework's views read the settings, and the settings name this module.
    from rest_framework.views import APIView

_RIGHTS = {
    "GET": Action.READ,
    "HEAD": Action.READ,
    "POST": Action.CREATE,
    "PUT": Action.EDIT,
    "PATCH": Action.EDIT,
}


class DenyUnlessGranted(BasePermission):
    """Default-deny: a view names its `resources`, or nobody passes.

    A list asks whether the right is held anywhere (403 if not), then shows what is visible. A
    page of one object (`detail`) looks the object up first, so that unseen is 404 for everybody,
    and asks about that object (403) in `check_object_permissions`. `rights` of the view names
    the right of an action that is not the usual one of its HTTP method.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        resources: tuple[Resource, ...] = getattr(view, "resources", ())
        if not request.user.is_authenticated or not resources:
            return False
        method = (request.method or "").lower()
        if method not in view.http_method_names or not hasattr(view, method):
            return True  # There is no handler to reach: the view answers 405.
        action = self._right(request, view)
        if action is None:
            return False
        if getattr(view, "detail", False):
            return True
        return any(can_somewhere(request.user, action, resource) for resource in resources)

    def has_object_permission(self, request: Request, view: "APIView", obj: Any) -> bool:
        action = self._right(request, view)
        return action is not None and can(request.user, action, obj)

    def _right(self, request: Request, view: "APIView") -> Action | None:
        rights: dict[str, Action] = getattr(view, "rights", {})
        named = rights.get(getattr(view, "action", None) or "")
        return named or _RIGHTS.get(request.method or "")
