"""What to compare the trail with."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from governance.audit import anchors


class VerifyForm(forms.Form):
    """The anchors kept here, and one that the person kept elsewhere.

    `files_sent` is what was sent in, bytes by name.
    """

    files_sent: dict[str, bytes] = {}

    with_folder = forms.BooleanField(
        label=_("Compare with the anchors kept on this machine"), required=False, initial=True
    )
    file = forms.FileField(
        label=_("An anchor that you kept"),
        help_text=_(
            "The file from a mail to the auditors: nobody who operates this machine could change it."
        ),
        required=False,
        max_length=200,
    )

    def clean_file(self) -> Any:
        sent = self.cleaned_data.get("file")
        if sent:
            content = sent.read(anchors.LARGEST + 1)
            try:
                anchors.read(sent.name, content)
            except anchors.NoAnchor as error:
                raise ValidationError(_("This file is no anchor of the trail.")) from error
            self.files_sent = {sent.name.replace("\x00", ""): content}
        return sent
