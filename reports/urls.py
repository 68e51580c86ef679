from django.urls import path, re_path

from projects.converters import KEY
from projects.register import KINDS
from reports.views import (
    costs,
    dashboard,
    delivery,
    explain,
    exporting,
    kpi,
    procurement,
    register_export,
    value,
    whatif,
)

app_name = "reports"

# "new" is the form for a new agency, not an agency.
_AGENCY = r"^agencies/(?P<code>(?!new/)[-\w]+)/"

urlpatterns = [
    path("portfolio/", dashboard.portfolio, name="portfolio"),
    path("portfolio/export.<slug:fmt>", dashboard.portfolio_export, name="portfolio-export"),
    path("value/", value.value, name="value"),
    path("value/export.<slug:fmt>", value.value_export, name="value-export"),
    path("delivery/", delivery.delivery_page, name="delivery"),
    path("delivery/export.<slug:fmt>", delivery.delivery_export, name="delivery-export"),
    path("explain/<slug:metric>/", explain.explain_page, name="explain"),
    path("costs/", costs.costs_page, name="costs"),
    path("costs/export.<slug:fmt>", costs.costs_export, name="costs-export"),
    path("procurement/", procurement.procurement_page, name="procurement"),
    path(
        "procurement/export.<slug:fmt>", procurement.procurement_export, name="procurement-export"
    ),
    path("attention/", dashboard.attention, name="attention"),
    path("attention/export.<slug:fmt>", dashboard.attention_export, name="attention-export"),
    re_path(_AGENCY + "$", dashboard.agency, name="agency"),
    re_path(_AGENCY + r"export\.(?P<fmt>\w+)$", dashboard.agency_export, name="agency-export"),
    *(
        path(
            f"{slug}/export.<slug:fmt>",
            register_export.register_export,
            {"slug": slug},
            name=f"{slug}-export",
        )
        for slug in KINDS
    ),
    *(
        path(
            f"{slug}/<{KEY}:key>/years.<slug:fmt>",
            register_export.years_export,
            {"slug": slug},
            name=f"{slug}-years",
        )
        for slug in ("systems", "projects")
    ),
    path("exports/", exporting.exports_page, name="exports"),
    path("exports/<uuid:pk>/", exporting.export_job_page, name="export-job"),
    path("exports/<uuid:pk>/progress/", exporting.export_progress, name="export-progress"),
    path("exports/<uuid:pk>/cancel/", exporting.export_cancel, name="export-cancel"),
    path("exports/<uuid:pk>/file/", exporting.export_file, name="export-file"),
    path(f"kpis/<{KEY}:key>/series/", kpi.kpi_page, name="kpi-series"),
    path("scenarios/", whatif.scenarios_page, name="scenarios"),
    path("scenarios/new/", whatif.new_scenario, name="scenario-new"),
    path("scenarios/<int:pk>/", whatif.scenario_page, name="scenario"),
    path("scenarios/<int:pk>/edit/", whatif.edit_scenario, name="scenario-edit"),
    path("scenarios/<int:pk>/copy/", whatif.copy_scenario, name="scenario-copy"),
    path("scenarios/<int:pk>/delete/", whatif.delete_scenario, name="scenario-delete"),
    path("scenarios/<int:pk>/export.<slug:fmt>", whatif.scenario_export, name="scenario-export"),
    path("audit/export.<slug:fmt>", register_export.audit_export, name="audit-export"),
]
