from governance.models.agency import Agency
from governance.models.audit import AuditEvent, AuditHead
from governance.models.people import Membership, RoleTerm, User
from governance.models.policy import PlanAction, RiskPolicy, Target

__all__ = [
    "Agency",
    "AuditEvent",
    "AuditHead",
    "Membership",
    "PlanAction",
    "RiskPolicy",
    "RoleTerm",
    "Target",
    "User",
]
