"""Whether a write left the register as the trail tells it."""

from governance import audit
from governance.audit import Kind, register


def untold() -> list[str]:
    """Rows that are not as their last event left them, and faults of the chain. Rows that a test
    made past the services have no event: that is the test's own doing."""
    rows = (fault for fault in register.compare([]) if fault.kind is not Kind.NO_EVENT)
    return [str(fault) for fault in (*audit.verify(), *rows)]


def unsealed(object_type: str) -> int:
    """How many rows of a kind came without an event."""
    return sum(
        fault.kind is Kind.NO_EVENT and fault.object_type == object_type
        for fault in register.compare([])
    )
