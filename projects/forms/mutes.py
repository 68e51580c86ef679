from django import forms
from django.utils.translation import gettext_lazy as _

from governance.fields.forms import DayField, ProseField


class MuteForm(forms.Form):
    """Why a flag should be set aside, and until when."""

    reason = ProseField(
        label=_("Reason"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    expires_on = DayField(
        label=_("Until"),
        help_text=_("Within a year. It is heard again then, or when it becomes graver."),
    )
