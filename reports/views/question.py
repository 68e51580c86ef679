"""What a request asks of the dashboard: who reads, under which filters, as of which day."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from governance.access import Action, Resource, can_somewhere, rights_of
from governance.models import Agency
from governance.web.readers import open_to
from projects.selectors import AgencyTree, Criteria, Visible, agency_tree, system_classes
from reports.exports import Meta
from reports.filters import PortfolioFilterForm

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True, slots=True)
class Question:
    """A request of the dashboard, understood. `as_of_error` says why another day was taken."""

    rows: Visible
    tree: AgencyTree
    form: PortfolioFilterForm
    criteria: Criteria
    as_of: date
    today: date
    as_of_error: str
    query: QueryDict

    @property
    def is_another_day(self) -> bool:
        return "as_of" in self.query and not self.as_of_error and self.as_of != self.today

    @property
    def is_understood(self) -> bool:
        """Whether every filter and the day could be read: a file is made of nothing less."""
        return not self.as_of_error and not self.form.errors

    @property
    def complaint(self) -> str:
        """What could not be read, in one line."""
        errors = [self.as_of_error] if self.as_of_error else []
        for name, messages in self.form.errors.items():
            errors += [f"{self.form.fields[name].label}: {message}" for message in messages]
        return " ".join(errors)

    @property
    def kept_by_filters(self) -> dict[str, str]:
        """Parameters that the filter form takes along."""
        kept = ("as_of", "sort", "base_year", "end_year", "rate", "yen_per_hour")
        return {name: str(self.query[name]) for name in kept if name in self.query}

    @property
    def kept_by_date(self) -> dict[str, str]:
        """Parameters that the form for another day takes along."""
        own = {"as_of", "page", "table"}
        return {name: str(self.query[name]) for name in self.query if name not in own}

    @property
    def scope(self) -> str:
        """Whose figures the reader sees, in words; "" for those of the whole government."""
        if self.rows.reads_everything:
            return ""
        if self.rows.reads_projects_only:
            return _("The figures cover your own projects and their systems only.")
        seen = self.rows.agencies()
        tops = [a for pk, a in self.tree.by_id.items() if pk in seen and a.parent_id not in seen]
        return _("The figures cover %(agencies)s only.") % {
            "agencies": get_text_list([str(agency) for agency in tops], _("and"))
        }

    @property
    def chips(self) -> list[tuple[str, str]]:
        """The filters in force, in words."""
        return self.form.described()

    def meta(self, request: HttpRequest, title: str) -> Meta:
        """Where a file made of this question comes from."""
        return Meta(
            title=title,
            as_of=self.as_of,
            generated_at=timezone.now(),
            exported_by=str(request.user),
            filters=self.form.described_fully(),
        )


def read_question(request: HttpRequest, agency_code: str | None = None) -> Question:
    """Reads the address. Cost: two statements. Raises Http404 for an agency that is not there."""
    rows = Visible(request.user)
    tree = agency_tree(rows)
    as_of, error = _as_of(request.GET.get("as_of", ""), timezone.localdate())
    form = PortfolioFilterForm(
        request.GET,
        tree=tree,
        classes=system_classes(rows),
        as_of=as_of,
        agency=None if agency_code is None else _agency(tree, agency_code),
    )
    return Question(
        rows, tree, form, form.criteria(), as_of, timezone.localdate(), error, request.GET
    )


def _as_of(raw: str, today: date) -> tuple[date, str]:
    """The day asked for, or today with the reason why."""
    if not raw:
        return today, ""
    try:
        day = parse_date(raw)
    except ValueError:  # well formed, but no such day
        day = None
    if day is None or not date(1980, 4, 1) <= day <= date(2099, 12, 31):
        return today, _(
            "“%(given)s” is not a date this page can show (write 2026-04-01). Today is shown."
        ) % {"given": raw[:40]}
    return day, ""


def _agency(tree: AgencyTree, code: str) -> Agency:
    agency = tree.find(code)
    if agency is None:
        raise Http404
    return agency


def reads_portfolio(user: Any) -> bool:
    """Whether the portfolio has anything for this reader."""
    return any(
        can_somewhere(user, Action.READ, resource)
        for resource in (Resource.SYSTEM, Resource.BUDGET)
    )


def for_readers(reads: Callable[[Any], bool]) -> Callable[[View], View]:
    """Lets those in for whom `reads` holds; tells who has no role at all what to do."""

    def decorate(view: View) -> View:
        @open_to(reads)
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not rights_of(request.user).held:
                return no_role(request)
            if not reads(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return cast("View", guarded)

    return decorate


def no_role(request: HttpRequest) -> HttpResponse:
    """Signed in, but nobody gave this person a role: say so instead of an empty dashboard."""
    return render(request, "reports/no_role.html", status=403)


def bad_export(message: str) -> HttpResponse:
    """A file that would not be what was asked for is not made."""
    return HttpResponse(message, status=400, content_type="text/plain; charset=utf-8")
