"""Cost figures of one system or project, as a grid that takes what Excel copies."""

import re
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from governance import drafts
from governance.access import Action, Resource, can_somewhere, get_visible_or_404
from governance.exceptions import DomainError
from governance.fields.bounds import FISCAL_YEAR_MAX, FISCAL_YEAR_MIN
from governance.formatting import fiscal_year_short
from governance.models.base import valid_on
from projects.grid import (
    LONGEST,
    UNIT_NAMES,
    UNITS,
    Grid,
    Holder,
    Key,
    grid_of,
    in_unit,
    stages_to_add,
    text_of,
)
from projects.metrics.periods import fiscal_year_of
from projects.models import CostItem, CostLine
from projects.register import KINDS
from projects.services import cost_grid
from projects.views.editing import act_of

_NAME: Final = re.compile(r"c-(?P<code>[-\w]+)-(?P<stage>[a-z_]+)-(?P<year>[0-9]{4})")


def _account(request: HttpRequest, asked: "_Asked") -> str | None:
    """The account that was sent along, or asked for; one that no line can have is none."""
    sent = request.POST.get("account", asked.account)
    return None if sent is None or "\x00" in sent else sent


def _number(text: str | None, default: int, low: int, high: int) -> int:
    given = text or ""
    value = int(given) if given.isascii() and given.isdecimal() and len(given) < 9 else default
    return min(max(value, low), high)


class _Asked:
    """What an address asks for: sheet year, budget years, unit, and rows to add."""

    def __init__(self, request: HttpRequest) -> None:
        given = request.GET
        now = fiscal_year_of(timezone.localdate())
        self.sheet_year = _number(given.get("sheet_year"), now, FISCAL_YEAR_MIN, FISCAL_YEAR_MAX)
        first = _number(given.get("from"), self.sheet_year - 2, FISCAL_YEAR_MIN, FISCAL_YEAR_MAX)
        last = _number(given.get("to"), self.sheet_year + 1, first, first + LONGEST - 1)
        self.years = list(range(first, max(last, first) + 1))
        unit = _number(given.get("unit"), 1, 1, 1_000_000)
        self.unit = unit if unit in UNITS else 1
        # Under which account (会計): where the address names none, the one used most.
        self.account = given["account"][:120] if "account" in given else None
        stages = given.getlist("stage")
        self.more = [(code, stage) for code in given.getlist("item") for stage in stages]
        self.query = given

    def changed(self, **values: str) -> str:
        """The same page with something else asked for."""
        query = self.query.copy()
        for name, value in values.items():
            query[name] = value
        return f"?{query.urlencode()}"


def _holder(user: Any, slug: str, key: str) -> Holder:
    """The system or project whose grid `user` may open; Http404 or PermissionDenied otherwise."""
    kind = KINDS[slug]
    holder: Holder = get_visible_or_404(
        kind.objects.select_related("agency"), user, **{kind.key: key}
    )
    if not any(
        can_somewhere(user, Action.READ, resource)
        for resource in (Resource.BUDGET, Resource.EXECUTION)
    ):
        raise PermissionDenied
    return holder


@drafts.kept_for(_holder)
@require_http_methods(["GET", "HEAD", "POST"])
def costs_page(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """The grid of one holder; a save writes every changed cell, or none."""
    kind, holder = KINDS[slug], _holder(request.user, slug, key)
    asked = _Asked(request)
    typed: dict[str, str] = {}
    errors: dict[str, str] = {}
    theirs: dict[str, str] = {}
    status = 200
    if request.method == "POST":
        cells = _cells(request)
        try:
            saved = cost_grid.save(
                act_of(request, request.POST.get("change_reason", "")),
                holder,
                asked.sheet_year,
                cells,
                unit=asked.unit,
                account=request.POST.get("account", "")[:120],
            )
        except cost_grid.GridRefused as refused:
            status, typed = 422, _typed(request)
            errors = {_name(key): text for key, text in refused.errors.items()}
            messages.error(request, str(refused))
        except cost_grid.GridConflict as conflict:
            status, typed = 409, _typed(request)
            theirs = {
                _name(key): text_of(line, asked.unit) or "–"
                for key, line in conflict.theirs.items()
            }
            messages.error(request, str(conflict))
        except DomainError as refused:
            status, typed = 422, _typed(request)
            messages.error(request, str(refused))
        else:
            drafts.forget(request.user, request.get_full_path())  # type: ignore[arg-type]
            messages.success(
                request,
                ngettext("%(n)d figure saved.", "%(n)d figures saved.", saved) % {"n": saved}
                if saved
                else _("Nothing was changed."),
            )
            return redirect(request.get_full_path())
    grid = grid_of(
        holder,
        request.user,
        sheet_year=asked.sheet_year,
        years=asked.years,
        account=_account(request, asked),
        on=timezone.localdate(),
        more=asked.more,
    )
    draft = drafts.find(request.user, request.get_full_path()) if status == 200 else None  # type: ignore[arg-type]
    if draft is not None:
        typed = {name: value for name, value in draft.data if name.startswith("c-")}
    return render(
        request,
        "projects/cost_grid.html",
        {
            **_context(kind, holder, grid, asked, request.user),
            "rows": _rows(grid, asked.unit, typed, errors, theirs),
            "draft": draft,
            "draft_key": request.get_full_path(),
            "has_conflict": bool(theirs),
        },
        status=status,
    )


def _context(kind: Any, holder: Holder, grid: Grid, asked: _Asked, user: Any) -> dict[str, Any]:
    lines = KINDS["cost-lines"].list_url()
    title = _("Costs: %(name)s") % {"name": holder}
    on = timezone.localdate()
    return {
        "title": title,
        "crumbs": [
            {"label": capfirst(str(kind.plural)), "url": kind.list_url()},
            {"label": str(holder), "url": kind.page_url(holder)},
            {"label": _("Costs")},
        ],
        "grid": grid,
        "asked": asked,
        "years": [(year, fiscal_year_short(year)) for year in grid.years],
        "units": [(unit, name, asked.changed(unit=str(unit))) for unit, name in UNIT_NAMES.items()],
        "accounts": [(name, asked.changed(account=name)) for name in grid.accounts],
        "unit_name": UNIT_NAMES[asked.unit],
        "totals": [
            (
                stage.label,
                [in_unit(amount, asked.unit) or "–" for amount in by_year],
                in_unit(total, asked.unit) or "–",
                stage.value,
            )
            for stage, by_year, total in grid.totals()
        ],
        "items": CostItem.objects.filter(valid_on(on)).order_by("order", "code"),
        "stages": [(stage.value, stage.label) for stage in stages_to_add(user, holder)],
        "back": kind.page_url(holder),
        "lines_url": f"{lines}?{urlencode({kind.slug.removesuffix('s'): kind.key_of(holder)})}",
    }


def _rows(
    grid: Grid,
    unit: int,
    typed: dict[str, str],
    errors: dict[str, str],
    theirs: dict[str, str],
) -> list[dict[str, Any]]:
    return [
        {
            "item": row.item,
            "stage": row.stage.label,
            "stage_value": row.stage.value,
            "total": in_unit(row.total, unit) or "–",
            "cells": [
                {
                    "name": cell.name,
                    "label": f"{row.item}, {row.stage.label}, {fiscal_year_short(cell.year)}",
                    "text": typed.get(cell.name, text_of(cell.line, unit)),
                    "version": _version(cell.line),
                    "may_write": cell.may_write,
                    "error": errors.get(cell.name, ""),
                    "theirs": theirs.get(cell.name, ""),
                    "earlier": text_of(cell.earlier, unit),
                    "earlier_year": cell.earlier.sheet_year if cell.earlier else "",
                    "year": cell.year,
                }
                for cell in row.cells
            ],
        }
        for row in grid.rows
    ]


def _version(line: CostLine | None) -> int:
    return 0 if line is None else line.version


def _name(key: Key) -> str:
    return "c-{}-{}-{}".format(*key)


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST[name] for name in request.POST if name.startswith("c-")}


def _cells(request: HttpRequest) -> dict[Key, cost_grid.Entry]:
    found: dict[Key, cost_grid.Entry] = {}
    for name, text in _typed(request).items():
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        version = _number(request.POST.get(f"v{name[1:]}"), 0, 0, 10**8)
        key = (match["code"], match["stage"], int(match["year"]))
        found[key] = cost_grid.Entry(text, version)
    return found
