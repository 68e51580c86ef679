"""The audit trail: one event a write, hash-chained, sealed row by row, anchored outside.

`record` and `record_object` write it; `verify` walks the chain alone, `examine` compares all that
can be compared. docs/audit.md says what that proves.
"""

from governance.audit import credentials
from governance.audit.chain import verify
from governance.audit.events import Act, changes, name_of, record, record_deletion, record_object
from governance.audit.examination import Report, Verdict, examine
from governance.audit.faults import Fault, Kind
from governance.audit.states import State, audited_models, of, stored

__all__ = [
    "Act",
    "Fault",
    "Kind",
    "Report",
    "State",
    "Verdict",
    "audited_models",
    "changes",
    "credentials",
    "examine",
    "name_of",
    "of",
    "record",
    "record_deletion",
    "record_object",
    "stored",
    "verify",
]
