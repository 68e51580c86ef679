"""Every column that people fill has its bound, whatever the door."""

from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import models, transaction

from governance.fields import columns
from governance.fields.bounds import COUNT_MAX, DAY_MAX, DAY_MIN, YEN_MAX
from projects.models import CostLine, ServiceYear, System
from tests import factories
from tests.conftest import World

# What machines write, or a library of its own checks: model → why its columns need no bound here.
WRITTEN_BY_MACHINES = {
    "auditevent": "the trail copies what was checked; its reason is checked with the act",
    "audithead": "a hash and a number",
    "auditseal": "hashes and numbers",
    "auditcheck": "made by the verification",
    "exportjob": "made from an address; its text is the file's",
    "draft": "as the browser sent it; a NUL is refused by governance.drafts",
    "notice": "made from records",
    "jobmark": "the schedule's",
    "accounttie": "made by services",
    "importrun": "made by imports",
    "outlookrun": "made by the model",
    "riskflag": "made by rules",
    "yearrollup": "sums, bounded by services.rollups",
    "servicerollup": "sums",
}
COLUMNS_OF_MACHINES = {
    "user.username": "Django's validator of account names",
    "user.password": "a hash",
    "user.first_name": "never asked for",
    "user.last_name": "never asked for",
    "importjob.language": "one of two",
    "importjob.sha256": "a hash",
    "importjob.kind": "one of the sheets",
    "importjob.error": "written by the job",
    "importjob.report": "written by the job",
    "changerequest.kind": "one of the kinds",
    "changerequest.object_pk": "of the record in question",
    "changerequest.object_name": "of the record in question",
    "changerequest.resource": "one of the resources",
}
_CHECKED_BY_DJANGO = (models.SlugField, models.EmailField)


def fault_of(field: Any) -> str:
    """What a column should be and is not; "" where it is bounded."""
    if field.choices or field.is_relation or isinstance(field, _CHECKED_BY_DJANGO):
        return ""
    for base, wanted in (
        (models.TextField, columns.Prose),
        (models.CharField, columns.Line),
        (models.JSONField, columns.Json),
    ):
        if isinstance(field, base) and not isinstance(field, wanted):
            return wanted.__name__
    if isinstance(field, models.BigIntegerField) and not field.primary_key:
        return "" if isinstance(field, columns.Yen | columns.Count) else "Yen or Count"
    if isinstance(field, models.DateField) and not isinstance(field, models.DateTimeField):
        return "" if isinstance(field, columns.Day) else "Day"
    if isinstance(field, models.IntegerField) and field.name.endswith("year"):
        return "" if isinstance(field, columns.FiscalYear) else "FiscalYear"
    return ""


def entered() -> list[Any]:
    """The columns of all models of ours that people fill."""
    return [
        field
        for label in ("governance", "projects", "reports")
        for model in apps.get_app_config(label).get_models(include_auto_created=True)
        if model._meta.model_name not in WRITTEN_BY_MACHINES
        for field in model._meta.concrete_fields
        if f"{model._meta.model_name}.{field.name}" not in COLUMNS_OF_MACHINES
    ]


def test_every_column_that_people_fill_is_bounded() -> None:
    faults = [
        f"{field.model.__name__}.{field.name}: use governance.fields.columns.{fault}, or say here"
        " why it needs none"
        for field in entered()
        if (fault := fault_of(field))
    ]
    assert faults == []


def test_every_amount_is_bounded_by_the_database_too() -> None:
    for field in entered():
        if isinstance(field, columns.Yen | columns.Count):
            constraints = [
                str(c.condition)
                for c in field.model._meta.constraints
                if isinstance(c, models.CheckConstraint)
            ]
            assert any(f"'{field.name}__lte'" in text for text in constraints), field


@pytest.mark.django_db
def test_full_clean_and_bulk_writes_refuse_the_same(world: World) -> None:
    line = factories.CostLineFactory.create(system=world.system)
    for name, bad in (
        ("amount", YEN_MAX + 1),
        ("amount", -YEN_MAX - 1),
        ("budget_year", 1979),
        ("budget_year", 2100),
        ("note", "a\nb"),
        ("note", "a\x00b"),
        ("account", "\u200b"),
        ("account", "一般\u202e会計"),
    ):
        good = getattr(line, name)
        setattr(line, name, bad)
        with pytest.raises(ValidationError) as caught:
            line.full_clean()
        assert name in caught.value.message_dict
        for write in (
            line.save,
            lambda: CostLine.objects.bulk_update([line], [name]),  # noqa: B023
            lambda: CostLine.objects.filter(pk=line.pk).update(**{name: bad}),  # noqa: B023
        ):
            with pytest.raises(ValidationError) as caught, transaction.atomic():
                write()
            assert name in caught.value.message_dict
        setattr(line, name, good)
    line.full_clean()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "is_taken"),
    [
        (DAY_MIN, True),
        (DAY_MAX, True),
        (date(1949, 12, 31), False),
        (date(2101, 1, 1), False),
        (date(25, 4, 1), False),
        (date(9999, 12, 31), False),
    ],
)
def test_days_lie_within_reach(day: date, is_taken: bool, world: World) -> None:
    world.system.go_live_on = day
    if is_taken:
        world.system.full_clean()
        world.system.save()
        return
    with pytest.raises(ValidationError, match="not a plausible date"):
        world.system.full_clean()
    with pytest.raises(ValidationError, match="not a plausible date"), transaction.atomic():
        System.objects.bulk_update([world.system], ["go_live_on"])


@pytest.mark.django_db
def test_the_largest_figures_are_taken(world: World) -> None:
    line = factories.CostLineFactory.create(system=world.system, amount=YEN_MAX)
    line.full_clean()
    year = factories.ServiceYearFactory.create(
        counted=True, cases=COUNT_MAX, online_cases=COUNT_MAX
    )
    year.full_clean()
    year.cases = COUNT_MAX + 1
    with pytest.raises(ValidationError):
        year.full_clean()
    assert ServiceYear.objects.get().cases == COUNT_MAX
