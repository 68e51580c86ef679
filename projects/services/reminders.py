"""(being written by the helper: these three are called by services.updates)"""

from governance.audit import Act
from projects.models import MonthlyUpdate


def update_submitted(act: Act, update: MonthlyUpdate) -> None: ...


def update_approved(act: Act, update: MonthlyUpdate) -> None: ...


def update_returned(act: Act, update: MonthlyUpdate) -> None: ...
