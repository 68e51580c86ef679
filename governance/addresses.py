"""Addresses that hold what no text holds lead nowhere: no view, filter or database sees them."""

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse

from governance.fields.text import check_structure


def refuse_strange_addresses(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: 404 for a path or query with a NUL, another control or a turned direction. The
    API answers for itself, in JSON and by parameter."""

    def answer(request: HttpRequest) -> HttpResponse:
        query = {} if request.path_info.startswith("/api/") else dict(request.GET.lists())
        try:
            check_structure([request.path_info, query])
        except ValidationError as error:
            raise Http404 from error
        return get_response(request)

    return answer
