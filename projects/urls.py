"""One list, form and page a kind of register object."""

from collections.abc import Iterator

from django.urls import URLPattern, path

from projects.converters import KEY
from projects.register import KINDS, Kind
from projects.services.field_rights import changes_by_request
from projects.views import (
    changes,
    cost_grid,
    editing,
    filing,
    goals,
    lists,
    metrics,
    objects,
    outlook,
    requests,
    updates,
)

app_name = "projects"


def _of(kind: Kind) -> Iterator[URLPattern]:
    slug, of = kind.slug, {"slug": kind.slug}
    one = f"{slug}/<{KEY if kind.has_own_key else 'int'}:key>/"
    yield path(f"{slug}/", lists.list_page, of, name=f"{slug}-list")
    yield path(f"{slug}/new/", editing.new_page, of, name=f"{slug}-new")
    yield path(one, objects.object_page, of, name=f"{slug}-detail")
    if kind.is_editable:
        yield path(f"{one}edit/", editing.edit_page, of, name=f"{slug}-edit")
    if changes_by_request(kind):
        yield path(f"{one}change/", changes.ask_page, of, name=f"{slug}-change")


urlpatterns = [
    *(pattern for kind in KINDS.values() for pattern in _of(kind)),
    *(
        path(
            f"{slug}/<{KEY}:key>/costs/", cost_grid.costs_page, {"slug": slug}, name=f"{slug}-costs"
        )
        for slug in ("systems", "projects")
    ),
    *(
        path(f"{slug}/<{KEY}:key>/goals/", goals.goals_page, {"slug": slug}, name=f"{slug}-goals")
        for slug in ("systems", "projects")
    ),
    path(f"projects/<{KEY}:key>/figures/", metrics.figures_page, name="projects-figures"),
    path(f"projects/<{KEY}:key>/outlook/", outlook.project_page, name="projects-outlook"),
    path(f"kpis/<{KEY}:key>/methods/new/", goals.new_method, name="kpis-method"),
    path(
        f"projects/<{KEY}:key>/reports/<month:month>/", filing.report_page, name="projects-report"
    ),
    path("baselines/<int:key>/approve/", requests.approve_baseline, name="baselines-approve"),
    path("baselines/<int:key>/reject/", requests.reject_baseline, name="baselines-reject"),
    path("baselines/<int:key>/withdraw/", requests.withdraw_baseline, name="baselines-withdraw"),
    path("updates/<int:key>/publish/", updates.publish, name="updates-publish"),
    path("updates/<int:key>/submit/", updates.submit, name="updates-submit"),
    path("updates/<int:key>/approve/", updates.approve, name="updates-approve"),
    path("updates/<int:key>/return/", updates.send_back, name="updates-return"),
]
