"""People and their roles: lists, grants, hand-over, vacancies, skills."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from governance.access import (
    Action,
    Resource,
    get_visible_or_404,
    require,
    require_somewhere,
)
from governance.exceptions import Conflict, DomainError
from governance.models import Agency, Membership, RoleRequest, Training, User
from governance.people import links
from governance.tabular import Column, Kind, Table, build_table
from projects import people
from projects.forms.people import (
    EmployerForm,
    GrantForm,
    HandOverForm,
    MembershipForm,
    PersonForm,
    TrainingForm,
)
from projects.register import KINDS
from projects.services import accounts, handover
from projects.services import people as service
from projects.services.memberships import grantable
from projects.services.role_requests import seen_by
from projects.views import role_requests
from projects.views.accounts import account_of, link_page
from projects.views.editing import act_of
from projects.views.kept import form_page, keeps

_PROJECTS = KINDS["projects"]


def _place(membership: Membership) -> str:
    return str(membership.agency or membership.project or _("whole government"))


def _role(membership: Membership) -> str:
    share = "" if membership.allocation_percent is None else f" {membership.allocation_percent}%"
    head = f" ({_('head')})" if membership.is_head else ""
    return f"{membership.get_role_display()}{head}: {_place(membership)}{share}"


def _crumbs(*more: tuple[str, str]) -> list[dict[str, str]]:
    return [
        {"label": _("People"), "url": reverse("people")},
        *({"label": label, "url": url} for label, url in more),
    ]


def _table(columns: tuple[Column[Any], ...], rows: Any, title: str, empty: str = "") -> Table:
    return build_table(
        columns,
        rows,
        caption=title,
        caption_hidden=True,
        query={},
        empty_text=empty or _("None."),
    )


@require_safe
def people_page(request: HttpRequest) -> HttpResponse:
    """Who is where, and who speaks for accounting, personnel and public relations."""
    require_somewhere(request.user, Action.READ, Resource.STAFFING)
    on = timezone.localdate()
    text, agency = request.GET.get("q", "").strip()[:100], request.GET.get("agency", "")[:40]
    columns: tuple[Column[Any], ...] = (
        Column(
            "person",
            _("person"),
            lambda row: str(row.user),
            url=lambda row: reverse("people-person", args=[row.user.username]),
        ),
        Column("roles", _("roles"), lambda row: "\n".join(_role(m) for m in row.memberships)),
        Column("mail", _("e-mail"), lambda row: row.user.email or "–"),
    )
    contact_columns: tuple[Column[Any], ...] = (
        Column("agency", _("agency"), lambda row: str(row.agency)),
        Column("office", _("office"), lambda row: row.role.label),
        Column("who", _("contact"), lambda row: row.names or _("nobody named")),
    )
    found = people.people(request.user, on, text=text, agency=agency)
    return render(
        request,
        "projects/people.html",
        {
            "title": _("People"),
            "crumbs": [{"label": _("People")}],
            "text": text,
            "agency": agency,
            "agencies": Agency.objects.visible_to(request.user),
            "table": _table(columns, found, _("People"), _("Nobody fits.")),
            "contacts": _table(contact_columns, people.contacts(request.user, on), _("Contacts")),
            "may_grant": bool(grantable(request.user)),
        },
    )


def _person(user: Any, username: str) -> User:
    found = User.objects.filter(username=username).first()
    if found is None or not people.may_see(user, found):
        raise Http404
    return found


@require_safe
def person_page(request: HttpRequest, username: str) -> HttpResponse:
    """One person: roles now and before, skills, open work."""
    require_somewhere(request.user, Action.READ, Resource.STAFFING)
    person, on = _person(request.user, username), timezone.localdate()
    rows = Membership.objects.visible_to(request.user).filter(user=person)
    memberships = list(rows.select_related("agency", "project").order_by("-valid_from", "pk"))
    may_grant = bool(grantable(request.user)) and person.pk != request.user.pk
    editable = _editable(request.user, person)
    role_columns: tuple[Column[Any], ...] = (
        Column(
            "role",
            _("role"),
            lambda row: row.get_role_display(),
            url=lambda row: (
                reverse("membership-edit", args=[row.pk]) if row.pk in editable else None
            ),
        ),
        Column("place", _("where"), _place),
        Column("head", _("head"), lambda row: row.is_head, Kind.BOOL),
        Column("share", _("share (%)"), lambda row: row.allocation_percent, Kind.INTEGER),
        Column("from", _("from"), lambda row: row.valid_from, Kind.DATE),
        Column("to", _("to"), lambda row: row.valid_to, Kind.DATE),
    )
    training_columns: tuple[Column[Any], ...] = (
        Column(
            "title",
            _("title"),
            lambda row: row.title,
            url=lambda row: reverse("training-edit", args=[row.pk]) if may_grant else None,
        ),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        Column("level", _("level"), lambda row: row.level or "–"),
        Column("got", _("obtained on"), lambda row: row.obtained_on, Kind.DATE),
        Column("until", _("expires on"), lambda row: row.expires_on, Kind.DATE),
    )
    work_columns: tuple[Column[Any], ...] = (
        Column("what", _("open work"), str, url=lambda row: _work_url(row)),
        Column("due", _("due on"), lambda row: row.due_on, Kind.DATE),
    )
    seen = handover.open_work(person, request.user)
    trainings = Training.objects.visible_to(request.user).filter(user=person)
    asked = seen_by(request.user)
    return render(
        request,
        "projects/person.html",
        {
            "title": str(person),
            "crumbs": [*_crumbs(), {"label": str(person)}],
            "person": person,
            "roles": _table(role_columns, memberships, _("Roles")),
            "requests": _table(
                role_requests.columns(),
                asked.filter(user=person, state=RoleRequest.State.REQUESTED),
                _("Roles asked for"),
            ),
            "trainings": _table(training_columns, trainings, _("Skills and training")),
            "work": _table(work_columns, seen, _("Open work")),
            "may_grant": may_grant,
            "account": account_of(request, person),
            "on": on,
        },
    )


def _editable(user: Any, person: User) -> set[int]:
    """The roles of the person that `user` may change or end. Cost: one query."""
    if person.pk == user.pk:
        return set()
    rows = Membership.objects.visible_to(user, Action.EDIT).filter(user=person)
    return set(rows.values_list("pk", flat=True))


def _work_url(item: Any) -> str:
    slug = "risks" if item._meta.model_name == "risk" else "findings"
    return KINDS[slug].page_url(item)


def _try(request: HttpRequest, form: forms.BaseForm, write: Callable[[], Any]) -> Any:
    """What a write gave; None where it was refused, and the form tells why."""
    try:
        return write()
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
        for name, found in told.items():
            for message in found:
                form.add_error(name if name in form.fields else None, message)
    except Conflict as error:
        form.add_error(None, str(error))
    except DomainError as error:
        form.add_error(None, str(error))
    except PermissionDenied:
        form.add_error(None, _("This lies outside of what your role may write."))
    return None


def _form_page(
    request: HttpRequest, form: forms.BaseForm, title: str, back: str, *, lead: str = ""
) -> HttpResponse:
    crumbs = [*_crumbs(), {"label": title}]
    return form_page(request, form, {"title": title, "lead": lead, "crumbs": crumbs, "back": back})


def _may_grant(user: Any) -> None:
    if not grantable(user):
        raise PermissionDenied


def _may_grant_to(user: Any, username: str) -> User:
    _may_grant(user)
    return _person(user, username)


def _membership(user: Any, pk: int) -> Membership:
    found: Membership = get_visible_or_404(
        Membership.objects.select_related("user", "agency", "project"), user, pk=pk
    )
    require(user, Action.EDIT, found)
    return found


def _own_training(user: Any, pk: int) -> Training:
    found: Training = get_visible_or_404(Training.objects.select_related("user"), user, pk=pk)
    require(user, Action.EDIT, found)
    return found


@keeps(_may_grant)
@require_http_methods(["GET", "HEAD", "POST"])
def new_person(request: HttpRequest) -> HttpResponse:
    """A new account. The link to set its password is mailed to its holder; without mail it is shown
    here, once."""
    _may_grant(request.user)
    form = PersonForm(request.POST or None, label_suffix="")
    if request.method == "POST" and form.is_valid():
        act = act_of(request)
        made = _try(request, form, lambda: service.add_person(act, **form.cleaned_data))
        if made is not None:
            messages.success(request, _("The account is made. Now give it a role."))
            handed = _try(
                request, form, lambda: accounts.hand_link(act, made, links.site_of(request))
            )
            if handed is not None:
                return link_page(request, made, handed)
            messages.error(request, " ".join(str(one) for one in form.non_field_errors()))
            return redirect("people-person", made.username)
    return _form_page(request, form, _("New account"), reverse("people"))


@keeps(_may_grant)
@require_http_methods(["GET", "HEAD", "POST"])
def new_membership(request: HttpRequest) -> HttpResponse:
    """Give somebody a role."""
    _may_grant(request.user)
    on = timezone.localdate()
    form = GrantForm(
        request.POST or None,
        actor=request.user,
        on=on,
        initial={"user": request.GET.get("user", ""), "valid_from": on},
    )
    if request.method == "POST" and form.is_valid():
        act = act_of(request)
        values = dict(form.cleaned_data)
        reason = values.pop("reason")
        made = _try(request, form, lambda: service.grant(act, values, reason=reason))
        if isinstance(made, RoleRequest):
            messages.success(request, _("Asked. The role is held once others have agreed."))
            return redirect("role-request", made.pk)
        if made is not None:
            messages.success(request, _("Saved."))
            return redirect("people-person", made.user.username)
    lead = _(
        "Roles that decide on what others wrote are confirmed by another office; a third-party"
        " verifier by the CIO office; a role for an account of another ministry by its holder or"
        " that ministry."
    )
    return _form_page(request, form, _("Give a role"), reverse("people"), lead=lead)


@keeps(_membership)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_membership(request: HttpRequest, pk: int) -> HttpResponse:
    """Change share, head or days of a role; its last day ends it."""
    found = _membership(request.user, pk)
    form = MembershipForm(
        request.POST or None, instance=found, initial={"version": found.version}, label_suffix=""
    )
    back = reverse("people-person", args=[found.user.username])
    lead = _role(found)
    if request.method == "POST" and form.is_valid():
        act, values = act_of(request), form.cleaned_data
        version = values.pop("version")
        done = _try(request, form, lambda: service.change(act, found.pk, values, version=version))
        if done is not None:
            messages.success(request, _("Saved."))
            return redirect(back)
    title = _("Role of %(name)s") % {"name": found.user}
    return _form_page(request, form, title, back, lead=lead)


@keeps(_may_grant_to)
@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest, username: str) -> HttpResponse:
    """Pass the roles and the open work of somebody who leaves to a successor."""
    person = _may_grant_to(request.user, username)
    on = timezone.localdate()
    form = HandOverForm(request.POST or None, initial={"on": on}, actor=request.user)
    back = reverse("people-person", args=[username])
    title = _("Hand over: %(name)s") % {"name": person}
    if request.method == "POST" and form.is_valid():
        act, values = act_of(request), form.cleaned_data
        done = _try(
            request,
            form,
            lambda: handover.hand_over(act, person, values["successor"], values["on"]),
        )
        if done is not None:
            return render(
                request,
                "projects/handed_over.html",
                {
                    "title": title,
                    "crumbs": [*_crumbs((str(person), back)), {"label": title}],
                    "done": done,
                    "person": person,
                    "successor": values["successor"],
                    "successor_is_seen": people.may_see(request.user, values["successor"]),
                },
            )
    roles = [_role(m) for m in handover.roles_of(person, on, request.user)]
    lead = _("Roles: %(roles)s. Open risks and findings in this name: %(count)d.") % {
        "roles": "; ".join(roles) or "–",
        "count": len(handover.open_work(person, request.user, Action.EDIT)),
    }
    return _form_page(request, form, title, back, lead=lead)


@keeps(_may_grant_to)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_employer(request: HttpRequest, username: str) -> HttpResponse:
    """For whom somebody works: a verifier belongs to no vendor of what is verified."""
    person = _may_grant_to(request.user, username)
    initial = {"number": person.employer_number}
    form = EmployerForm(request.POST or None, initial=initial, label_suffix="")
    back = reverse("people-person", args=[username])
    if request.method == "POST" and form.is_valid():
        act, number = act_of(request), form.cleaned_data["number"]
        if _try(request, form, lambda: service.set_employer(act, person, number)) is not None:
            messages.success(request, _("Saved."))
            return redirect(back)
    title = _("Employer of %(name)s") % {"name": person}
    return _form_page(request, form, title, back)


@keeps(_may_grant_to)
@require_http_methods(["GET", "HEAD", "POST"])
def new_training(request: HttpRequest, username: str) -> HttpResponse:
    """Record a skill, training or qualification."""
    person = _may_grant_to(request.user, username)
    form = TrainingForm(request.POST or None, label_suffix="")
    return _training(request, form, person, None)


@keeps(_own_training)
@require_http_methods(["GET", "HEAD", "POST"])
def edit_training(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a skill, training or qualification."""
    found = _own_training(request.user, pk)
    form = TrainingForm(request.POST or None, instance=found, label_suffix="")
    return _training(request, form, found.user, found)


def _training(
    request: HttpRequest, form: TrainingForm, person: User, training: Training | None
) -> HttpResponse:
    back = reverse("people-person", args=[person.username])
    if request.method == "POST" and form.is_valid():
        act, values = act_of(request), form.cleaned_data
        done = _try(request, form, lambda: service.record_training(act, person, values, training))
        if done is not None:
            messages.success(request, _("Saved."))
            return redirect(back)
    title = _("Skills and training: %(name)s") % {"name": person}
    return _form_page(request, form, title, back)


@require_safe
def vacancies(request: HttpRequest) -> HttpResponse:
    """Projects and offices without the people they need, and people with too much."""
    require_somewhere(request.user, Action.READ, Resource.STAFFING)
    found = people.gaps(request.user, timezone.localdate())
    project: tuple[Column[Any], ...] = (
        Column("project", _("project"), str, url=_PROJECTS.page_url),
        Column("agency", _("agency"), lambda row: str(row.agency)),
        Column("phase", _("phase"), lambda row: row.get_phase_display()),
    )
    agency: tuple[Column[Any], ...] = (Column("agency", _("agency"), str),)
    load: tuple[Column[Any], ...] = (
        Column(
            "person",
            _("person"),
            lambda row: str(row.user),
            url=lambda row: reverse("people-person", args=[row.user.username]),
        ),
        Column("percent", _("known shares (%)"), lambda row: row.percent, Kind.INTEGER),
        Column("unknown", _("roles without a share"), lambda row: row.unknown, Kind.INTEGER),
        Column("heads", _("running projects led"), lambda row: row.heads, Kind.INTEGER),
    )
    training: tuple[Column[Any], ...] = (
        Column("title", _("title"), lambda row: row.title),
        Column("person", _("person"), lambda row: str(row.user)),
        Column("until", _("expired on"), lambda row: row.expires_on, Kind.DATE),
    )
    parts = (
        ("pjmo", _("Running projects without a PJMO"), project, found.without_pjmo),
        ("head", _("Running projects whose PJMO has no head"), project, found.without_head),
        ("verifier", _("Priority projects without a verifier"), project, found.without_verifier),
        ("pmo", _("Agencies with running projects and no PMO"), agency, found.without_pmo),
        ("load", _("People with too much"), load, found.overloaded),
        ("training", _("Expired qualifications"), training, found.expired),
    )
    return render(
        request,
        "projects/vacancies.html",
        {
            "title": _("Vacancies and over-allocation"),
            "crumbs": [*_crumbs(), {"label": _("Vacancies and over-allocation")}],
            "lead": _(
                "Too much is more than %(full)d %% of a working time, or more than %(heads)d running"
                " projects led. A role without a stated share counts as unknown, not as zero."
            )
            % {"full": people.FULL, "heads": people.HEADS},
            "parts": [
                (id_, title, len(rows), _table(columns, rows[:100], title))
                for id_, title, columns, rows in parts
            ],
        },
    )
