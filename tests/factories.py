"""One factory a model: minimal, valid, nothing random. Numbers an assertion uses are in the test."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import factory
from factory.django import DjangoModelFactory

from governance.models import Agency, Membership, PlanAction, RiskPolicy, Target, User
from projects import models
from projects.models import choices


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    display_name = factory.LazyAttribute(lambda o: o.username)
    language = "en"


class AgencyFactory(DjangoModelFactory[Agency]):
    class Meta:
        model = Agency

    code = factory.Sequence(lambda n: f"agency{n}")
    name = factory.Sequence(lambda n: f"第{n}省")
    name_en = factory.Sequence(lambda n: f"Ministry {n}")
    order = factory.Sequence(lambda n: n)


class MembershipFactory(DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)


class SystemClassFactory(DjangoModelFactory[models.SystemClass]):
    class Meta:
        model = models.SystemClass
        django_get_or_create = ("code",)

    code = "processing"
    name = "情報処理システム"
    name_en = "Processing system"


class SystemFactory(DjangoModelFactory[models.System]):
    class Meta:
        model = models.System

    system_id = factory.Sequence(lambda n: f"S{n:05}")
    name = factory.Sequence(lambda n: f"システム{n}")
    agency = factory.SubFactory(AgencyFactory)
    system_class = factory.SubFactory(SystemClassFactory)
    status = choices.SystemStatus.OPERATING


class ProjectFactory(DjangoModelFactory[models.Project]):
    class Meta:
        model = models.Project
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"P{n:05}")
    name = factory.Sequence(lambda n: f"プロジェクト{n}")
    agency = factory.SubFactory(AgencyFactory)
    phase = choices.ProjectPhase.BUILDING
    started_on = date(2025, 4, 1)

    @factory.post_generation
    def systems(obj: Any, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if extracted:
            obj.systems.set(extracted)


class ServiceFactory(DjangoModelFactory[models.Service]):
    class Meta:
        model = models.Service
        skip_postgeneration_save = True

    service_id = factory.Sequence(lambda n: f"V{n:05}")
    name = factory.Sequence(lambda n: f"手続{n}")
    agency = factory.SubFactory(AgencyFactory)
    online_status = choices.OnlineStatus.AVAILABLE

    @factory.post_generation
    def systems(obj: Any, create: bool, extracted: Any, **kwargs: Any) -> None:  # noqa: N805
        if extracted:
            obj.systems.set(extracted)


class ServiceYearFactory(DjangoModelFactory[models.ServiceYear]):
    class Meta:
        model = models.ServiceYear

    service = factory.SubFactory(ServiceFactory)
    fiscal_year = 2024

    class Params:
        counted = factory.Trait(
            cases=100,
            cases_state=choices.ValueState.REPORTED,
            online_cases=50,
            online_cases_state=choices.ValueState.REPORTED,
        )


class CostItemFactory(DjangoModelFactory[models.CostItem]):
    class Meta:
        model = models.CostItem
        django_get_or_create = ("code",)

    code = factory.LazyAttribute(lambda o: f"item-{o.cost_class}")
    name = factory.LazyAttribute(lambda o: f"経費 {o.cost_class}")
    cost_class = choices.CostClass.OPERATION


class CostLineFactory(DjangoModelFactory[models.CostLine]):
    class Meta:
        model = models.CostLine

    system = factory.SubFactory(SystemFactory)
    budget_year = 2024
    sheet_year = 2025
    cost_item = factory.SubFactory(CostItemFactory)
    stage = choices.Stage.EXECUTED
    amount = 1_000_000
    amount_state = choices.ValueState.REPORTED


class ContractFactory(DjangoModelFactory[models.Contract]):
    class Meta:
        model = models.Contract

    contract_id = factory.Sequence(lambda n: f"C{n:05}")
    title = factory.Sequence(lambda n: f"契約{n}")
    agency = factory.SubFactory(AgencyFactory)
    vendor = "株式会社架空"
    method = choices.ContractMethod.OPEN_EVALUATION
    amount = 100_000_000
    amount_state = choices.ValueState.REPORTED
    bidders = 2
    bidders_state = choices.ValueState.REPORTED


class BaselineFactory(DjangoModelFactory[models.Baseline]):
    class Meta:
        model = models.Baseline

    project = factory.SubFactory(ProjectFactory)
    number = 1
    state = choices.RequestState.APPROVED
    agreed_on = date(2025, 4, 1)
    planned_start_on = date(2025, 4, 1)
    planned_end_on = date(2027, 3, 31)
    budget_at_completion = 500_000_000


class MilestoneFactory(DjangoModelFactory[models.Milestone]):
    class Meta:
        model = models.Milestone

    project = factory.SubFactory(ProjectFactory)
    name = factory.Sequence(lambda n: f"節目{n}")
    planned_on = date(2026, 3, 31)


class MonthlyUpdateFactory(DjangoModelFactory[models.MonthlyUpdate]):
    class Meta:
        model = models.MonthlyUpdate

    project = factory.SubFactory(ProjectFactory)
    period = date(2026, 10, 1)
    # Complete: nothing of it asks for a second look.
    progress_percent = Decimal("40.00")
    actual_cost = 100_000_000
    forecast_end_on = date(2027, 3, 31)
    confidence = choices.Confidence.MEDIUM

    class Params:
        submitted = factory.Trait(
            state=choices.UpdateState.SUBMITTED,
            submitted_at=datetime(2026, 11, 5, 1, 0, tzinfo=UTC),
        )
        approved = factory.Trait(
            state=choices.UpdateState.APPROVED,
            submitted_at=datetime(2026, 11, 5, 1, 0, tzinfo=UTC),
            approved_at=datetime(2026, 11, 6, 1, 0, tzinfo=UTC),
        )


class KpiFactory(DjangoModelFactory[models.Kpi]):
    class Meta:
        model = models.Kpi

    code = factory.Sequence(lambda n: f"K{n:05}")
    system = factory.SubFactory(SystemFactory)
    kind = choices.KpiKind.OUTCOME
    title = factory.Sequence(lambda n: f"成果{n}")


class KpiLinkFactory(DjangoModelFactory[models.KpiLink]):
    class Meta:
        model = models.KpiLink

    origin = factory.SubFactory(KpiFactory, kind=choices.KpiKind.OUTPUT)
    target = factory.SubFactory(KpiFactory)
    reason = "使われるほど効果が出る"


class KpiValueFactory(DjangoModelFactory[models.KpiValue]):
    class Meta:
        model = models.KpiValue

    kpi = factory.SubFactory(KpiFactory)
    fiscal_year = 2024


class BenefitFactory(DjangoModelFactory[models.Benefit]):
    class Meta:
        model = models.Benefit

    project = factory.SubFactory(ProjectFactory)
    kind = choices.BenefitKind.USER_TIME
    fiscal_year = 2024


class RiskFactory(DjangoModelFactory[models.Risk]):
    class Meta:
        model = models.Risk

    project = factory.SubFactory(ProjectFactory)
    kind = choices.RiskKind.RISK
    title = factory.Sequence(lambda n: f"リスク{n}")


class ReviewTypeFactory(DjangoModelFactory[models.ReviewType]):
    class Meta:
        model = models.ReviewType
        django_get_or_create = ("code",)

    code = factory.LazyAttribute(lambda o: f"review-{o.layer.replace('_', '-')}")
    name = factory.LazyAttribute(lambda o: f"レビュー {o.layer}")
    layer = choices.ReviewLayer.CIO.value


class ReviewFactory(DjangoModelFactory[models.Review]):
    class Meta:
        model = models.Review

    system = factory.SubFactory(SystemFactory)
    review_type = factory.SubFactory(ReviewTypeFactory)
    fiscal_year = 2026


class FindingFactory(DjangoModelFactory[models.Finding]):
    class Meta:
        model = models.Finding

    review = factory.SubFactory(ReviewFactory)
    category = choices.FindingCategory.PLAN
    weight = choices.FindingWeight.MODERATE
    text = "工程の見直しが要る"


class SystemLineageFactory(DjangoModelFactory[models.SystemLineage]):
    class Meta:
        model = models.SystemLineage

    predecessor = factory.SubFactory(SystemFactory)
    successor = factory.SubFactory(SystemFactory)
    kind = choices.LineageKind.RENEWED
    happened_on = date(2024, 4, 1)


class TargetFactory(DjangoModelFactory[Target]):
    class Meta:
        model = Target

    code = factory.Sequence(lambda n: f"target{n}")
    title = "運用等経費の3割削減"
    metric_id = "operation_reduction"
    direction = Target.Direction.DOWN
    unit = "円"
    target_year = 2025
    target_value = 1


class PlanActionFactory(DjangoModelFactory[PlanAction]):
    class Meta:
        model = PlanAction

    code = factory.Sequence(lambda n: f"action{n}")
    agency = factory.SubFactory(AgencyFactory)
    title = "システムの統合"
    strand = PlanAction.Strand.CUT
    responsible = "PMO"
    start_year = 2025
    end_year = 2027
    status = PlanAction.Status.RUNNING


class RiskPolicyFactory(DjangoModelFactory[RiskPolicy]):
    class Meta:
        model = RiskPolicy

    is_in_force = True

    rule_id = "single_bidder"
    parameters = factory.LazyFunction(dict)
