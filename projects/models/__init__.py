from projects.models.change import ChangeRequest
from projects.models.contract import Contract
from projects.models.cost import CostLine
from projects.models.delivery import Baseline, Milestone, MonthlyUpdate, PlannedValue
from projects.models.flag import RiskFlag
from projects.models.imports import ImportJob, ImportRun
from projects.models.master import CostItem, ReviewType, SystemClass
from projects.models.mute import FlagMute
from projects.models.outlook import OutlookRun
from projects.models.project import Project
from projects.models.review import Finding, Review
from projects.models.risk import Risk
from projects.models.rollup import ServiceRollup, YearRollup
from projects.models.scenario import Scenario
from projects.models.service import Service, ServiceYear
from projects.models.system import System, SystemLineage
from projects.models.value import Benefit, Kpi, KpiLink, KpiMethod, KpiValue

__all__ = [
    "Baseline",
    "Benefit",
    "ChangeRequest",
    "Contract",
    "CostItem",
    "CostLine",
    "Finding",
    "FlagMute",
    "ImportJob",
    "ImportRun",
    "Kpi",
    "KpiLink",
    "KpiMethod",
    "KpiValue",
    "Milestone",
    "MonthlyUpdate",
    "OutlookRun",
    "PlannedValue",
    "Project",
    "Review",
    "ReviewType",
    "Risk",
    "RiskFlag",
    "Scenario",
    "Service",
    "ServiceRollup",
    "ServiceYear",
    "System",
    "SystemClass",
    "SystemLineage",
    "YearRollup",
]
