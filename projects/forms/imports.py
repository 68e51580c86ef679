from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from projects.imports.sheets import SHEETS


class UploadForm(forms.Form):
    """A workbook, or one sheet as CSV."""

    file = forms.FileField(label=_("File"), help_text=_("A workbook (.xlsx) or a CSV file."))
    kind = forms.ChoiceField(
        label=_("What a CSV file holds"),
        required=False,
        help_text=_("Only for CSV: a workbook says it itself."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            ("", "–"),
            *((sheet.slug, sheet.title) for sheet in SHEETS),
        ]

    def clean(self) -> dict[str, Any]:
        """A CSV file does not tell what it holds."""
        values = super().clean() or self.cleaned_data
        file = values.get("file")
        if file is not None and file.name.lower().endswith(".csv") and not values.get("kind"):
            self.add_error("kind", _("Choose what the CSV file holds."))
        return values
