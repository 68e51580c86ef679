from governance.models.agency import Agency
from governance.models.audit import AuditCheck, AuditEvent, AuditHead, AuditSeal
from governance.models.exports import ExportChunk, ExportJob, ExportState
from governance.models.people import (
    AccountTie,
    MailDigest,
    Membership,
    RoleRequest,
    RoleTerm,
    Training,
    User,
)
from governance.models.policy import PlanAction, RiskPolicy, Target
from governance.models.work import Draft, JobMark, Notice

__all__ = [
    "AccountTie",
    "Agency",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "AuditSeal",
    "Draft",
    "ExportChunk",
    "ExportJob",
    "ExportState",
    "JobMark",
    "MailDigest",
    "Membership",
    "Notice",
    "PlanAction",
    "RiskPolicy",
    "RoleRequest",
    "RoleTerm",
    "Target",
    "Training",
    "User",
]
