from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from governance.access import Action, Resource, can_somewhere

_ACTIONS = {
    "GET": Action.READ,
    "HEAD": Action.READ,
    "OPTIONS": Action.READ,
    "POST": Action.CREATE,
    "PUT": Action.EDIT,
    "PATCH": Action.EDIT,
}


class DenyUnlessGranted(BasePermission):
    """Default-deny: a view names its `resources`, or nobody but nobody passes.

    This is the early answer; rows are decided by `visible_to` and by the services.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        resources: tuple[Resource, ...] = getattr(view, "resources", ())
        action = _ACTIONS.get(request.method or "")
        if action is None or not request.user.is_authenticated:
            return False
        return any(can_somewhere(request.user, action, resource) for resource in resources)

    def has_object_permission(self, request: Request, view: APIView, obj: Any) -> bool:
        return self.has_permission(request, view)
