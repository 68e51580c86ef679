"""The default masters and the fictional government."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from governance import audit
from governance.access import Role
from governance.audit import Act
from governance.models import AuditEvent, RoleTerm, Target
from projects.models import CostItem
from projects.models.choices import CostClass, ReviewLayer
from projects.seed.masters import LEDGER_TOTAL, load_masters

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
ACT = Act(user=None, at=NOW, source="test")


# Masters ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_new_register_gets_every_master_in_one_event() -> None:
    loaded = load_masters(ACT)

    assert loaded.cost_items[LEDGER_TOTAL].cost_class == CostClass.UNCLASSIFIED
    assert {item.cost_class for item in loaded.cost_items.values()} == set(CostClass)
    assert {kind.layer for kind in loaded.review_types.values()} == set(ReviewLayer)
    assert set(RoleTerm.objects.values_list("role", flat=True)) == set(Role)
    systems = Target.objects.get(code="systems-reduction")
    assert (systems.base_value, systems.target_value) == (Decimal(1450), Decimal(725))
    event = AuditEvent.objects.get()
    assert (event.verb, event.after) == ("masters.loaded", loaded.added)
    assert list(audit.verify()) == []


@pytest.mark.django_db
def test_loading_masters_again_writes_nothing_and_undoes_no_edit() -> None:
    load_masters(ACT)
    CostItem.objects.filter(code="operation").update(name="運用（改称）")

    again = load_masters(ACT)

    assert set(again.added.values()) == {0}
    assert again.cost_items["operation"].name == "運用（改称）"
    assert AuditEvent.objects.count() == 1
