from governance.models.agency import Agency
from governance.models.audit import AuditEvent, AuditHead
from governance.models.exports import ExportChunk, ExportJob, ExportState
from governance.models.people import AccountTie, MailDigest, Membership, RoleTerm, Training, User
from governance.models.policy import PlanAction, RiskPolicy, Target
from governance.models.work import Draft, JobMark, Notice

__all__ = [
    "AccountTie",
    "Agency",
    "AuditEvent",
    "AuditHead",
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
    "RoleTerm",
    "Target",
    "Training",
    "User",
]
