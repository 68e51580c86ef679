"""Check constraints judged in Python say what the database says."""

from datetime import date
from typing import Any

import pytest
from django.apps import apps
from django.db import models
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.conditions import Columns, holds

pytestmark = pytest.mark.django_db

CONSTRAINED = [
    (model, constraint)
    for app in ("governance", "projects")
    for model in apps.get_app_config(app).get_models()
    for constraint in model._meta.constraints
    if isinstance(constraint, models.CheckConstraint)
]


def _values(field: Any) -> st.SearchStrategy[Any]:
    """Values of a column, sound and unsound: what a constraint is for."""
    if field.choices:
        found: st.SearchStrategy[Any] = st.sampled_from([v for v, _label in field.flatchoices])
    elif isinstance(field, models.DateTimeField):
        found = st.datetimes(timezones=st.timezones())
    elif isinstance(field, models.DateField):
        found = st.dates(date(2020, 1, 1), date(2020, 3, 3))
    elif isinstance(field, models.BooleanField):
        found = st.booleans()
    elif isinstance(field, models.DecimalField):
        found = st.decimals(-2, 120, places=1)
    elif isinstance(field, models.IntegerField) or field.is_relation:
        found = st.integers(-2, 3) | st.sampled_from([1979, 1980, 2024, 2099, 2100])
    else:
        found = st.sampled_from(["", "a"])
    return found | st.none() if field.null else found


@pytest.mark.parametrize(
    ("model", "constraint"),
    CONSTRAINED,
    ids=[constraint.name for _model, constraint in CONSTRAINED],
)
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_python_and_the_database_agree(model: Any, constraint: Any, data: st.DataObject) -> None:
    names = {str(path).split("__")[0] for path in constraint.condition.referenced_base_fields}
    obj = model()
    for name in sorted(names):
        field = model._meta.get_field(name)
        setattr(obj, field.attname, data.draw(_values(field), label=name))
    against = {
        field.name: models.Value(getattr(obj, field.attname), field)
        for field in model._meta.concrete_fields
    }
    said = holds(constraint.condition, Columns(obj))
    assert (said is not False) is constraint.condition.check(against)


def test_there_are_constraints_to_compare() -> None:
    assert len(CONSTRAINED) > 40
