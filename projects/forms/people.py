"""Forms about people: accounts, roles, skills, hand-over."""

from datetime import date
from typing import Any

from django import forms
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from governance import corporate_number
from governance.access import Action, Resource, Role, rights_of
from governance.fields.forms import DayField, LineField, NameField
from governance.models import Agency, Membership, Training, User
from governance.models.base import valid_on
from governance.people.belonging import known_to
from projects.forms.references import KeyField, PersonField
from projects.models import Project
from projects.register import KINDS
from projects.services.memberships import grantable


class PersonForm(forms.Form):
    """A new account."""

    username = NameField(
        label=_("Account name"), max_length=150, validators=[UnicodeUsernameValidator()]
    )
    display_name = LineField(label=_("Name shown"), max_length=120)
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(
        label=_("Language"), choices=[("ja", _("Japanese")), ("en", _("English"))]
    )


class GrantForm(forms.Form):
    """A role for somebody, in an agency or a project."""

    user = forms.CharField(label=_("Account name"), max_length=150)
    role = forms.ChoiceField(label=_("Role"))
    agency = forms.ModelChoiceField(
        label=_("Agency"),
        queryset=Agency.objects.none(),
        to_field_name="code",
        required=False,
        help_text=_("For roles of an office."),
    )
    project = KeyField(
        KINDS["projects"],
        label=_("Project"),
        required=False,
        help_text=_("For PJMO and third-party verifiers: its code, or a part of its name."),
    )
    is_head = forms.BooleanField(label=_("Head of the office"), required=False)
    allocation_percent = forms.IntegerField(
        label=_("Share of working time (%)"), required=False, min_value=1, max_value=100
    )
    valid_from = DayField(label=_("From"), required=False)
    valid_to = DayField(label=_("To (last day)"), required=False)
    reason = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        help_text=_("Read by whoever has to agree."),
    )

    def __init__(self, *args: Any, actor: Any, on: date, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.actor = actor
        allowed = grantable(actor)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (role.value, role.label) for role in Role if role in allowed
        ]
        reach = rights_of(actor).reach(Resource.STAFFING, Action.CREATE)
        agencies = Agency.objects.filter(valid_on(on), pk__in=reach.agency_ids)
        self.fields["agency"].queryset = agencies  # type: ignore[attr-defined]
        project: Any = self.fields["project"]
        rows = Project.objects.visible_to(actor)
        project.bind(rows.filter(agency__in=reach.agency_ids), ())
        project.widget.lookup_url = KINDS["projects"].list_url()

    def clean(self) -> dict[str, Any]:
        """A role belongs to an agency or to a project, as it is; an account of others is looked up
        only for a whole request, which its holder is told of: nobody tries out names unseen."""
        values = super().clean() or self.cleaned_data
        role = values.get("role")
        if role in (Role.PJMO, Role.VERIFIER):
            values["agency"] = None
            if not values.get("project") and "project" not in self.errors:
                self.add_error("project", _("This role belongs to a project: choose it."))
        elif role:
            values["project"] = None
            if not values.get("agency") and "agency" not in self.errors:
                self.add_error("agency", _("This role belongs to an agency: choose it."))
        self._find(values)
        return values

    def _find(self, values: dict[str, Any]) -> None:
        name = str(values.get("user") or "").strip()
        if not name:
            return
        found = known_to(self.actor).filter(username=name).first()
        if found is None and not self.errors:
            found = User.objects.filter(username=name, is_active=True).first()
        if found is None:
            self.add_error("user", _("There is no account of this name."))
        values["user"] = found


class MembershipForm(forms.ModelForm):  # type: ignore[type-arg]
    """Share, head and days of a role that somebody holds."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    valid_from = DayField(label=_("From"), required=False)
    valid_to = DayField(label=_("To (last day)"), required=False)

    class Meta:
        model = Membership
        fields = ("is_head", "allocation_percent", "valid_from", "valid_to")


class TrainingForm(forms.ModelForm):  # type: ignore[type-arg]
    """A skill, training or qualification."""

    obtained_on = DayField(label=_("Obtained on"), required=False)
    expires_on = DayField(label=_("Expires on"), required=False)

    class Meta:
        model = Training
        fields = ("kind", "title", "level", "obtained_on", "expires_on", "note")


class HandOverForm(forms.Form):
    """To whom the roles and the open work of somebody go, and from when."""

    successor = PersonField(label=_("Account name of the successor"))
    on = DayField(
        label=_("Last day"),
        help_text=_("The successor holds the roles from the day after."),
    )

    def __init__(self, *args: Any, actor: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        successor: Any = self.fields["successor"]
        successor.bind(known_to(actor))


class EmployerForm(forms.Form):
    """For whom somebody works who is no official."""

    number = NameField(
        label=_("Corporate number of the employer"),
        max_length=13,
        required=False,
        validators=[corporate_number.validate],
        help_text=_("13 digits. Who works for a vendor does not verify what it supplies."),
    )
