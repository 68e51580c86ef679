"""The forms of register objects: one class a kind, made from its fields.

Forms check types, units and what the reader may choose; every rule of the register is checked by
the model's constraints, told at the field that it is about, and once more by the service.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import Q, QuerySet
from django.forms.models import modelform_factory
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from governance.access import Action, Reach, Resource, Rights, rights_of
from governance.drafts import Resumable
from governance.models import RiskPolicy, User
from governance.models.base import Valid, valid_on
from governance.tabular import Text
from projects import ends
from projects.forms.fields import form_field
from projects.forms.guarding import Guarded
from projects.forms.phases import PhasesField
from projects.forms.references import OFFERED, KeyField, KeysField, PersonField
from projects.metrics.delivery import spread_evenly
from projects.models import Baseline, CostLine, ReviewType
from projects.models.choices import EXECUTION_STAGES, Stage, ValueState
from projects.models.review import LAYER_RESOURCES
from projects.register import Kind, parent_kind
from projects.risk_text import TITLES
from projects.services.writing import without_unseen

# Where a rule is told ---------------------------------------------------------------------------------

# Constraints whose message belongs to another field than the last one they speak of.
_TOLD_AT: Final[Mapping[str, str]] = {
    "agency_not_own_parent": "parent",
    "agency_name_unique_while_valid": "name",
    "lineage_two_systems": "successor",
    "kpi_value_once": "fiscal_year",
    "update_once": "period",
    "risk_policy_once": "valid_from",
    "cost_line_once_system": "system",
    "cost_line_once_project": "project",
}


def _spoken_of(constraint: models.BaseConstraint) -> set[str]:
    """The fields that a constraint compares."""
    names: set[str] = set(getattr(constraint, "fields", ()))
    condition = getattr(constraint, "condition", None)
    if isinstance(condition, Q):
        names |= {str(name).split("__")[0] for name in condition.referenced_base_fields}
    return names


def told_at(constraint: models.BaseConstraint, fields: Iterable[str]) -> str | None:
    """The field at which the breach of a constraint is told; None where the form has none."""
    fields = list(fields)
    placed = _TOLD_AT.get(constraint.name)
    if placed is not None:
        return placed if placed in fields else None
    spoken = _spoken_of(constraint)
    candidates = [n for n in fields if n in spoken and not n.endswith("_state")]
    return candidates[-1] if candidates else None


if TYPE_CHECKING:
    _ModelForm = forms.ModelForm[Any]
else:  # Django's forms take no subscript at run time.
    _ModelForm = forms.ModelForm


class RegisterForm(Guarded, Resumable, _ModelForm):
    """A new object of `kind`, or a change of a stored one.

    `user` limits what may be chosen, `on` which masters are valid. Saving is the service's:
    `values()` gives what it takes.
    """

    kind: ClassVar[Kind]

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        user: Any,
        on: date,
        instance: Any = None,
        initial: Mapping[str, Any] | None = None,
        asks: bool = False,
    ) -> None:
        super().__init__(data, instance=instance, initial=dict(initial or {}), label_suffix="")
        self.action = Action.CREATE if self.instance.pk is None else Action.EDIT
        self.user, self.on = user, on
        self._offer_references()
        self._offer_states()
        self._limit_to_rights()
        if self.kind.model is Baseline:
            self._offer_phases()
        if self.action is Action.EDIT:
            self._keep_stored()
            self._guard(asks=asks)
        else:
            self._guard_new()

    # Choices

    @property
    def _rights(self) -> Rights:
        return rights_of(self.user)

    def _reaches(self) -> Iterator[tuple[Any, Reach]]:
        for line in self.kind.model.access:  # type: ignore[attr-defined]
            yield line, self._rights.reach(line.resource, self.action)

    def _stored(self, name: str) -> Any:
        """What the stored record names in a foreign key."""
        return getattr(self.instance, name) if self.instance.pk is not None else None

    def _offer_references(self) -> None:
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField):
                current = self._stored(name)
                field.queryset = self._choosable(name, current)
                if current is not None:
                    self.initial[name] = current
            elif isinstance(field, PersonField):
                current = self._seen(name, field)
                field.bind(User.objects.visible_to(self.user), current)
                if current is not None:
                    self.initial[name] = current
            elif isinstance(field, KeyField):
                self._offer_key(name, field)
            elif isinstance(field, KeysField):
                self._offer_keys(name, field)

    def _choosable(self, name: str, current: Any) -> QuerySet[Any]:
        """Entries of a short list: valid today, within reach, and the one that stands there."""
        other = parent_kind(self.kind, name)
        wanted = valid_on(self.on) if issubclass(other.model, Valid) else Q()
        if name == "agency":
            wanted &= self._agencies_in_reach()
        if other.model is ReviewType:
            wanted &= self._layers_in_reach()
        if current is not None:
            wanted |= Q(pk=current.pk)
        rows: QuerySet[Any] = other.objects.visible_to(self.user).filter(wanted)
        return rows

    def _agencies_in_reach(self) -> Q:
        agencies: set[int] = set()
        for line, reach in self._reaches():
            if reach.everything or not line.agency:
                return Q()
            agencies |= reach.agency_ids
            agencies |= {
                held.project_agency_id
                for held in self._rights.held
                if held.project_id in reach.project_ids and held.project_agency_id is not None
            }
        return Q(pk__in=agencies)

    def _layers_in_reach(self) -> Q:
        """Review types of the layers that the reader may write."""
        return Q(
            layer__in=[
                layer
                for layer, resource in LAYER_RESOURCES
                if self._rights.reach(resource, self.action)
            ]
        )

    def _seen(self, name: str, field: KeyField | PersonField) -> Any:
        """What the stored record names in a foreign key, where it may be named to the reader; else
        it stays where it is, unnamed. Cost: at most one query."""
        current = self._stored(name)
        if ends.sees(self.user, current):
            return current
        self.initial[name] = None
        field.hide(current)
        return None

    def _offer_key(self, name: str, field: KeyField) -> None:
        current = self._seen(name, field)
        rows = field.other.objects.visible_to(self.user)
        field.bind(rows, () if current is None else (current,), self.user)
        field.widget.lookup_url = field.other.list_url()
        if current is not None:
            self.initial[name] = current
            field.widget.current = str(current)
        some = list(rows[: OFFERED + 1])
        if len(some) <= OFFERED:
            field.widget.offers = field.offers(some)

    def _offer_keys(self, name: str, field: KeysField) -> None:
        rows = field.other.objects.visible_to(self.user)
        field.widget.lookup_url = field.other.list_url()
        linked = [] if self.instance.pk is None else list(getattr(self.instance, name).all())
        seen = set(rows.filter(pk__in=[obj.pk for obj in linked]).values_list("pk", flat=True))
        field.bind(rows, (), self.user)
        field.hidden = tuple(obj for obj in linked if obj.pk not in seen)
        if self.instance.pk is not None:
            self.initial[name] = [obj for obj in linked if obj.pk in seen]

    # Figures and why they are not there

    def _pairs(self) -> Iterator[tuple[str, str]]:
        for name in self.kind.fields:
            state = self.kind.states(name)
            if state:
                yield name, state

    def _offer_states(self) -> None:
        for name, state in self._pairs():
            field = self.fields[state]
            field.label = _("%(figure)s: if empty, why") % {"figure": self.fields[name].label}
            field.required = False
            field.choices = [  # type: ignore[attr-defined]
                choice for choice in ValueState.choices if choice[0] != ValueState.REPORTED
            ]
            if self._stored_state(state) in (None, ValueState.REPORTED):
                self.initial[state] = ValueState.MISSING

    def _stored_state(self, state: str) -> Any:
        return getattr(self.instance, state) if self.instance.pk is not None else None

    def clean(self) -> dict[str, Any]:
        """A figure given is reported; one that is not there says why; a key fits an address."""
        values = super().clean() or self.cleaned_data
        self._refuse_closed()
        fault = self.kind.key_fault(str(values.get(self.kind.key, "")))
        if self.action is Action.CREATE and values.get(self.kind.key) and fault:
            self.add_error(self.kind.key, ValidationError(str(fault)))
        if self.kind.model is Baseline:
            self._phases(values)
        for name, state in self._pairs():
            if name not in values or state not in values:
                continue
            chosen = values[state] or ValueState.MISSING
            if chosen == ValueState.REPORTED:  # The model's own default: nobody can choose it.
                chosen = ValueState.MISSING
            if values[name] is None:
                values[state] = chosen
            elif chosen == ValueState.MISSING:
                values[state] = ValueState.REPORTED
            else:
                self.add_error(
                    state, _("A figure is given: then it is neither withheld nor “not applicable”.")
                )
        return values

    # Rights

    def _limit_to_rights(self) -> None:
        if self.kind.model is CostLine:
            allowed: set[str] = set()
            for line, reach in self._reaches():
                if reach:
                    is_execution = line.resource is Resource.EXECUTION
                    allowed |= {s for s in Stage if (s in EXECUTION_STAGES) is is_execution}
            self.fields["stage"].choices = [  # type: ignore[attr-defined]
                ("", "–"),
                *((value, label) for value, label in Stage.choices if value in allowed),
            ]
        if self.kind.model is RiskPolicy:
            self.fields["rule_id"] = forms.ChoiceField(
                label=self.fields["rule_id"].label, choices=[("", "–"), *TITLES.items()]
            )

    def _offer_phases(self) -> None:
        """The time-phased plan: pasted month by month, or spread evenly."""
        self.fields["spread_evenly"] = forms.BooleanField(
            label=_("Spread the budget evenly over the months"), required=False
        )
        self.fields["phases"] = PhasesField(
            label=_("Planned value to date, month by month"),
            required=False,
            help_text=_("One month a line, as copied from Excel: 2026-04 and the yen to date."),
        )

    def _phases(self, values: dict[str, Any]) -> None:
        start, end = values.get("planned_start_on"), values.get("planned_end_on")
        budget = values.get("budget_at_completion")
        if values.get("spread_evenly"):
            if values.get("phases"):
                self.add_error("phases", _("Paste the months, or spread evenly: not both."))
            elif start is not None and end is not None and budget is not None and start <= end:
                values["phases"] = spread_evenly(start, end, budget)

    def _keep_stored(self) -> None:
        """A key never changes; what the reader saw is sent along, so that a conflict can tell
        who changed what."""
        if self.kind.has_own_key:
            self.fields[self.kind.key].disabled = True
            self.fields[self.kind.key].help_text = _("It never changes.")
        for name, field in self.fields.items():
            field.show_hidden_initial = not field.disabled and name != "version"
        self.fields["version"] = forms.IntegerField(
            widget=forms.HiddenInput, label=_("Version"), initial=self.instance.version
        )

    # Errors

    def add_error(self, field: str | None, error: Any) -> None:
        """Errors that models tell of a whole record are told at the field they speak of; what the
        reader may not see is not told by a refusal."""
        if field is None and isinstance(error, ValidationError) and hasattr(error, "error_dict"):
            error = without_unseen(self.user, self.kind, self.instance, error)
            placed: dict[str, list[ValidationError]] = {}
            for name, errors in error.error_dict.items():
                for single in errors:
                    at = self._place(single) if name == NON_FIELD_ERRORS else name
                    if at not in self.fields:
                        at = NON_FIELD_ERRORS
                    placed.setdefault(at, []).append(single)
            for name, errors in placed.items():
                for single in errors:
                    super().add_error(None if name == NON_FIELD_ERRORS else name, single)
            return
        super().add_error(field, error)

    def _place(self, error: ValidationError) -> str:
        message = " ".join(error.messages)
        for constraint in self.kind.model._meta.constraints:
            if str(constraint.violation_error_message) == message:
                return told_at(constraint, self.fields) or NON_FIELD_ERRORS
        return NON_FIELD_ERRORS

    # What the service and the page take

    def values(self) -> dict[str, Any]:
        """What was entered, for `services.register`."""
        return {
            name: self.cleaned_data[name]
            for name in (*self.kind.fields, *self.kind.service_fields)
            if name in self.fields and not self.fields[name].disabled
        }

    @property
    def sections(self) -> list[tuple[Text, list[list[forms.BoundField]]]]:
        """Headings with their fields; a figure and why it may be empty stand together."""
        states = {state for _name, state in self._pairs()}
        found: list[tuple[Text, list[list[forms.BoundField]]]] = [
            (
                heading,
                [
                    [self[part] for part in (name, self.kind.states(name)) if part]
                    for name in names
                    if name not in states
                ],
            )
            for heading, names in self.kind.sections
        ]
        if "phases" in self.fields:
            found.append(
                (_("Time-phased plan"), [[self[name]] for name in ("spread_evenly", "phases")])
            )
        return found


_MADE: Final[dict[str, type[RegisterForm]]] = {}


def form_of(kind: Kind) -> type[RegisterForm]:
    """The form class of a kind, made once."""
    if kind.slug not in _MADE:
        made: Any = modelform_factory(
            kind.model,
            form=RegisterForm,
            fields=list(kind.fields),
            formfield_callback=lambda field, **_kwargs: form_field(kind, field),
        )
        made.kind = kind
        _MADE[kind.slug] = made
    return _MADE[kind.slug]
