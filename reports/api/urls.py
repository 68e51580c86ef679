from django.urls import path

from reports.api.views import PortfolioView

urlpatterns = [path("portfolio/", PortfolioView.as_view(), name="api-portfolio")]
