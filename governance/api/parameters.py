from collections.abc import Collection

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request


def refuse_unknown(request: Request, known: Collection[str] = ()) -> None:
    """Raises ValidationError naming the query parameters that are not `known` or stand twice.

    Whoever misspells a filter must not take the answer for a filtered one.
    """
    errors = {
        name: [_("Unknown parameter.") if name not in known else _("Give this once.")]
        for name, values in request.query_params.lists()
        if name not in known or len(values) > 1
    }
    if errors:
        raise ValidationError(errors)
