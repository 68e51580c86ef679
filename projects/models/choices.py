"""Closed lists of the register. What the guideline revises lives in master tables instead."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ValueState(models.TextChoices):
    """Why a figure is or is not there: four different things, and zero is a fifth (a value)."""

    REPORTED = "reported", _("reported")
    MISSING = "missing", _("missing")
    NOT_APPLICABLE = "not_applicable", _("not applicable")
    WITHHELD = "withheld", _("withheld")


class Answer(models.TextChoices):
    YES = "yes", _("yes")
    NO = "no", _("no")
    NOT_APPLICABLE = "not_applicable", _("not applicable")
    UNANSWERED = "unanswered", _("not answered")


class SystemStatus(models.TextChoices):
    CONCEPT = "concept", _("concept")
    PLANNING = "planning", _("planning")
    PROCUREMENT = "procurement", _("requirements and procurement")
    BUILDING = "building", _("design and build")
    OPERATING = "operating", _("in operation")
    RENEWING = "renewing", _("being renewed")
    MERGED = "merged", _("merged")
    RETIRED = "retired", _("retired")


class Profile(models.TextChoices):
    """System profile (システムプロファイル): how much harm a failure does."""

    TYPE_I = "I", _("Type I")
    TYPE_II = "II", _("Type II")
    TYPE_III = "III", _("Type III")
    TYPE_IV = "IV", _("Type IV")
    UNKNOWN = "unknown", _("not profiled")


class Hosting(models.TextChoices):
    GOVERNMENT_CLOUD = "government_cloud", _("government cloud")
    COMMON_PLATFORM = "common_platform", _("government common platform")
    PUBLIC_CLOUD = "public_cloud", _("public cloud")
    PRIVATE_CLOUD = "private_cloud", _("private cloud")
    ON_PREMISES = "on_premises", _("on premises")
    UNKNOWN = "unknown", _("not known")


class CostClass(models.TextChoices):
    DEVELOPMENT = "development", _("development (整備経費)")
    OPERATION = "operation", _("operation (運用等経費)")
    OTHER = "other", _("other (その他経費)")
    UNCLASSIFIED = "unclassified", _("ledger total, not split")


class Stage(models.TextChoices):
    """Budget stages in the order of the year; yen flow through them."""

    REQUESTED = "requested", _("requested (概算要求)")
    INITIAL = "initial", _("initial budget (当初予算)")
    SUPPLEMENTARY = "supplementary", _("supplementary (補正)")
    CARRIED_IN = "carried_in", _("carried in (前年度繰越)")
    RESERVE = "reserve", _("reserve funds etc. (予備費等)")
    TRANSFERS = "transfers", _("transfers (流用等増減)")
    AVAILABLE = "available", _("available (予算現額)")
    EXECUTED = "executed", _("executed (執行額)")
    CARRIED_OUT = "carried_out", _("carried out (翌年度繰越)")
    UNUSED = "unused", _("unused (不用)")


# These may be below zero: real budgets are cut by supplements, and the column of reserve funds
# (予備費等) also holds what is moved to other ministries.
SIGNED_STAGES = (Stage.SUPPLEMENTARY, Stage.RESERVE, Stage.TRANSFERS)
# Figures that the accounting office files; the rest is the budget side.
EXECUTION_STAGES = (Stage.EXECUTED, Stage.CARRIED_OUT, Stage.UNUSED)


class OnlineStatus(models.TextChoices):
    AVAILABLE = "available", _("online")
    PARTLY = "partly", _("partly online")
    NOT_AVAILABLE = "not_available", _("not online")
    EXEMPT = "exempt", _("exempt")
    OTHER = "other", _("other")
    UNKNOWN = "unknown", _("not answered")


class ProjectPhase(models.TextChoices):
    PLANNING = "planning", _("planning")
    REQUIREMENTS = "requirements", _("requirements")
    PROCUREMENT = "procurement", _("procurement")
    BUILDING = "building", _("design and build")
    TESTING = "testing", _("test and move")
    OPERATING = "operating", _("operation and improvement")
    CLOSED = "closed", _("closed")
    STOPPED = "stopped", _("stopped")


ENDED_PHASES = (ProjectPhase.CLOSED, ProjectPhase.STOPPED)
# Phases in which a monthly report is owed.
REPORTING_PHASES = (
    ProjectPhase.PLANNING,
    ProjectPhase.REQUIREMENTS,
    ProjectPhase.PROCUREMENT,
    ProjectPhase.BUILDING,
    ProjectPhase.TESTING,
)


class UpdateState(models.TextChoices):
    DRAFT = "draft", _("draft")
    SUBMITTED = "submitted", _("submitted")
    RETURNED = "returned", _("returned")
    APPROVED = "approved", _("approved")
    PUBLISHED = "published", _("published")


# Reports that somebody may still write in; reports that count; reports that came in at all.
OPEN_STATES = (UpdateState.DRAFT, UpdateState.RETURNED)
SETTLED_STATES = (UpdateState.APPROVED, UpdateState.PUBLISHED)
FILED_STATES = (UpdateState.SUBMITTED, *SETTLED_STATES)


class EarnedBasis(models.TextChoices):
    """From what the earned value of a report comes."""

    REPORTED = "reported", _("earned value as reported")
    MILESTONES = "milestones", _("weights of the milestones reached")


class RequestState(models.TextChoices):
    """Something asked for that another person decides."""

    REQUESTED = "requested", _("waiting for a decision")
    APPROVED = "approved", _("agreed")
    REJECTED = "rejected", _("rejected")
    WITHDRAWN = "withdrawn", _("withdrawn")


class JobState(models.TextChoices):
    """The life of an uploaded file."""

    QUEUED = "queued", _("waiting")
    READING = "reading", _("being checked")
    READY = "ready", _("checked, waiting for your confirmation")
    REFUSED = "refused", _("has errors; nothing was written")
    WRITING = "writing", _("being written")
    DONE = "done", _("written")
    CANCELLED = "cancelled", _("cancelled; nothing was written")
    FAILED = "failed", _("broken off; nothing was written")


class Confidence(models.IntegerChoices):
    """Delivery confidence in five levels, 5 best (three levels lose half of the signal)."""

    VERY_LOW = 1, _("very low")
    LOW = 2, _("low")
    MEDIUM = 3, _("medium")
    HIGH = 4, _("high")
    VERY_HIGH = 5, _("very high")


class ContractMethod(models.TextChoices):
    OPEN_EVALUATION = "open_evaluation", _("open bid, overall evaluation")
    OPEN_PRICE = "open_price", _("open bid, lowest price")
    DESIGNATED = "designated", _("designated bidders")
    NEGOTIATED_CALL = "negotiated_call", _("negotiated: public call")
    NEGOTIATED_PROPOSAL = "negotiated_proposal", _("negotiated: proposal competition")
    NEGOTIATED_FAILED_BID = "negotiated_failed_bid", _("negotiated: after a failed bid")
    NEGOTIATED_SMALL = "negotiated_small", _("negotiated: small amount")
    NEGOTIATED_OTHER = "negotiated_other", _("negotiated: other")
    OTHER = "other", _("other")
    UNKNOWN = "unknown", _("not stated")


# 一般競争: the base of the single-bid ratio (DOMAIN §5; Board of Audit: 一者応札率).
COMPETITIVE_METHODS = (ContractMethod.OPEN_EVALUATION, ContractMethod.OPEN_PRICE)


class KpiKind(models.TextChoices):
    ACTIVITY = "activity", _("activity")
    OUTPUT = "output", _("output")
    OUTCOME = "outcome", _("outcome")


class Horizon(models.TextChoices):
    NONE = "", _("none")
    SHORT = "short", _("short term")
    MEDIUM = "medium", _("medium term")
    LONG = "long", _("long term")


class KpiDirection(models.TextChoices):
    UP = "up", _("higher is better")
    DOWN = "down", _("lower is better")
    UNKNOWN = "unknown", _("not stated")


class BenefitKind(models.TextChoices):
    USER_TIME = "user_time", _("time users save")
    STAFF_TIME = "staff_time", _("time staff save")
    CASH = "cash", _("cash saved")
    INCOME = "income", _("income")
    OTHER = "other", _("other")


class RiskKind(models.TextChoices):
    RISK = "risk", _("risk")
    ISSUE = "issue", _("issue")


class RiskStatus(models.TextChoices):
    OPEN = "open", _("open")
    MITIGATING = "mitigating", _("being treated")
    CLOSED = "closed", _("closed")


class ReviewLayer(models.TextChoices):
    SELF = "self", _("self-check by the project")
    MINISTRY = "ministry", _("review inside the ministry")
    CIO = "cio", _("government CIO review")
    THIRD_PARTY = "third_party", _("third-party verification")


class Verdict(models.TextChoices):
    """Team verdicts of the yearly review and gate verdicts of the guideline."""

    NONE = "", _("no verdict yet")
    PROCEED = "proceed", _("proceed as is (現状通り)")
    CONDITIONS = "conditions", _("proceed with conditions (一部改善)")
    REDO = "redo", _("fundamental rework (抜本的な改善)")
    ENDING = "ending", _("planned to end (終了予定)")
    STOP = "stop", _("stop (廃止)")


class ReviewResponse(models.TextChoices):
    NONE = "", _("no response yet")
    AS_IS = "as_is", _("as is (現状通り)")
    IMPROVE_EXECUTION = "improve_execution", _("improve execution (執行等改善)")
    STUDY = "study", _("study within the year (年度内に改善を検討)")
    REDUCE = "reduce", _("reduce (縮減)")
    ENDING = "ending", _("planned to end (終了予定)")
    STOP = "stop", _("stop (廃止)")


class FindingCategory(models.TextChoices):
    PLAN = "plan", _("plan (計画)")
    REQUIREMENTS = "requirements", _("requirements (要件)")
    SCHEDULE = "schedule", _("schedule and WBS (工程・WBS)")
    RISK = "risk", _("risk management (リスク管理)")
    ISSUE = "issue", _("issue management (課題管理)")
    QUALITY = "quality", _("quality (品質)")
    PROCUREMENT = "procurement", _("procurement and contract (調達・契約)")
    ORGANISATION = "organisation", _("organisation (体制)")
    COST = "cost", _("cost (費用)")
    USE = "use", _("use and effect (利用・効果)")
    SECURITY = "security", _("security (セキュリティ)")
    OTHER = "other", _("other")


class FindingWeight(models.TextChoices):
    MAJOR = "major", _("major (重大)")
    MODERATE = "moderate", _("moderate (中)")
    MINOR = "minor", _("minor (軽微)")


class FlagSeverity(models.TextChoices):
    HIGH = "high", _("high")
    MEDIUM = "medium", _("medium")
    LOW = "low", _("low")
    UNKNOWN = "unknown", _("unknown")


class LineageKind(models.TextChoices):
    MERGED = "merged", _("merged into")
    SPLIT = "split", _("split into")
    RENEWED = "renewed", _("renewed as")
    MOVED = "moved", _("moved to another agency")
