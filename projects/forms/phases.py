"""A time-phased plan as people paste it: a month and the yen to date, a line each."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from governance import entry
from governance.fields.forms import EntryField
from projects.metrics.delivery import Phase

# Between month and yen: what Excel copies, or what people type.
_BETWEEN = re.compile(r"\t|\s{2,}|;|、|：|:|\s(?=[^\s]+$)")


def _phases(text: str) -> list[Phase]:
    phases, errors = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            phases.append(_phase(line.strip()))
        except ValidationError as error:
            errors += [
                ValidationError(
                    _("Line %(number)s: %(message)s"), params={"number": number, "message": message}
                )
                for message in error.messages
            ]
    if errors:
        raise ValidationError(errors)
    return phases


def _phase(line: str) -> Phase:
    parts = [part for part in _BETWEEN.split(line, maxsplit=1) if part]
    if len(parts) != 2:
        raise ValidationError(
            _("“%(line)s” is not a month and its yen."), params={"line": line[:60]}
        )
    return Phase(entry.month(parts[0]), entry.yen(parts[1]))


class PhasesField(EntryField):
    """Months with planned value to date."""

    read = staticmethod(_phases)

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})
        super().__init__(**kwargs)

    def written(self, value: Any) -> str:
        return "\n".join(f"{phase.period:%Y-%m}\t{phase.amount:,}" for phase in value)
