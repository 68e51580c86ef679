from datetime import date
from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.contrib.auth.hashers import check_password
from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from governance import corporate_number
from governance.access import Access, Action, Resource, Role
from governance.fields import columns
from governance.models.base import Tracked, Valid, localized, validity_constraint
from governance.querysets import ScopedQuerySet


class MailDigest(models.TextChoices):
    AT_ONCE = "at_once", _("each notice at once")
    DAILY = "daily", _("one mail a business day")
    WEEKLY = "weekly", _("one mail a week")
    NEVER = "never", _("no e-mail: in the application alone")


class UserManager(DjangoUserManager["User"]):
    """Django's, with `visible_to`: the people whose roles the reader sees."""

    use_in_migrations = False

    def get_queryset(self) -> "ScopedQuerySet[User]":
        return ScopedQuerySet(self.model, using=self._db)

    def visible_to(self, user: Any, action: Action = Action.READ) -> "ScopedQuerySet[User]":
        return self.get_queryset().visible_to(user, action)

    def create_superuser(self, *args: Any, **kwargs: Any) -> "User":
        """What `manage.py createsuperuser` calls. Audited as "user.created"."""
        from governance import audit  # The trail is itself made of models.

        with transaction.atomic(using=self._db):
            user = super().create_superuser(*args, **kwargs)
            audit.record_object(
                audit.Act(None, timezone.now(), "createsuperuser"),
                "user.created",
                user,
                before=None,
                after={"username": user.username, "email": user.email},
                wrote=audit.credentials.stored([user.pk]),
            )
        return user


class User(AbstractUser):
    """A person who signs in. What they may see and do follows from their memberships alone.

    Django's `is_staff` and `is_superuser` grant nothing here: rights live in `access.py`.
    """

    objects: ClassVar[UserManager] = UserManager()
    access = (
        Access(
            Resource.STAFFING,
            agency=("memberships__agency_id", "memberships__project__agency_id"),
            project=("memberships__project_id",),
            many=True,
        ),
    )
    # Signing in writes the first by itself, the last two grant nothing here. The password has a
    # state of its own, which no other event about the account takes over (audit.credentials).
    trail_leaves_out = frozenset({"last_login", "password", "groups", "user_permissions"})
    trail_keeps_apart = frozenset({"password"})

    display_name = columns.Line(_("name shown"), max_length=120, blank=True)
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=[("ja", _("Japanese")), ("en", _("English"))],
        default="ja",
    )
    time_zone = columns.Line(
        _("time zone"),
        max_length=50,
        blank=True,
        help_text=_("Empty: the time zone of this site."),
    )
    mail_digest = models.CharField(
        _("e-mail"),
        max_length=10,
        choices=MailDigest.choices,
        default=MailDigest.DAILY,
    )
    # When the holder last proved to be the person: by a mail to the own address, or by single
    # sign-on. Null: nobody but the maker of the account vouches for it.
    proven_at = models.DateTimeField(_("identity proven at"), null=True, blank=True, editable=False)
    # Whom a verifier works for decides which projects they may verify.
    employer_number = columns.Line(
        _("corporate number of the employer"),
        max_length=13,
        blank=True,
        validators=[corporate_number.validate],
    )

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.display_name or self.username

    def check_password(self, raw_password: str | None) -> bool:
        """Django's, which hashes a right password anew where the settings ask for another way: the
        trail answers for the hash, so that is told. Audited as "user.password_rehashed"."""
        from governance import audit  # The trail is itself made of models.

        def keep_anew(password: str) -> None:
            with transaction.atomic():
                before = audit.credentials.standing([self.pk])
                self.set_password(password)
                self._password: str | None = None  # Nobody has changed it: validators rest.
                self.save(update_fields=["password"])
                audit.record_object(
                    audit.Act(None, timezone.now(), "sign-in"),
                    "user.password_rehashed",
                    self,
                    before=None,
                    after=audit.credentials.untold(before, self),
                    wrote=audit.credentials.since(before, self, is_derived=True),
                )

        return check_password(raw_password, self.password, keep_anew)

    async def acheck_password(self, raw_password: str | None) -> bool:
        return await sync_to_async(self.check_password)(raw_password)


class AccountTie(models.Model):
    """Somebody had an account in their hands: made it, invited its holder or reset its sign-in.

    Until the holder has proven the own identity afterwards (`ended_at`), both count as one person
    wherever two are asked for (`governance.people.ties`).
    """

    class Kind(models.TextChoices):
        MADE = "made", _("made the account")
        INVITED = "invited", _("sent the invitation")
        RESET = "reset", _("reset the sign-in")
        LINK_SEEN = "link_seen", _("saw the one-time link")

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.PROTECT, related_name="ties"
    )
    actor = models.ForeignKey(
        User, verbose_name=_("actor"), on_delete=models.PROTECT, related_name="+"
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    at = models.DateTimeField(_("at"))
    # The holder's first proof after it. What was written before then may still be the actor's.
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("tie of an account")
        verbose_name_plural = _("ties of accounts")
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return f"{self.actor} – {self.user} ({self.get_kind_display()})"


def _step(label: Any) -> "models.ForeignKey[Any, Any]":
    """Who did a step of a request."""
    return models.ForeignKey(
        User,
        verbose_name=label,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )


class RoleTerm(Valid, Tracked):
    """From when to when a role exists, and its official name: roles were dropped in the past.

    A role without a row here is valid without limit.
    """

    role = models.CharField(_("role"), max_length=30, choices=Role.choices, unique=True)
    name = columns.Line(_("name (Japanese)"), max_length=80)
    name_en = columns.Line(_("name (English)"), max_length=120, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (Access(Resource.MASTER),)

    class Meta:
        verbose_name = _("role term")
        verbose_name_plural = _("role terms")
        ordering = ("role",)
        constraints = (validity_constraint("role_term_validity"),)

    def __str__(self) -> str:
        return localized(self.name, self.name_en)


def _fits_role(name: str) -> models.CheckConstraint:
    """A role belongs to the whole government, to one agency, or to one project."""
    return models.CheckConstraint(
        condition=(
            Q(
                role__in=[Role.CIO_OFFICE, Role.ADVISOR, Role.AUDITOR],
                agency__isnull=True,
                project__isnull=True,
            )
            | Q(
                role__in=[
                    Role.MINISTRY_CIO,
                    Role.PMO,
                    Role.ACCOUNTING,
                    Role.HR,
                    Role.PUBLIC_RELATIONS,
                ],
                agency__isnull=False,
                project__isnull=True,
            )
            | Q(
                role__in=[Role.PJMO, Role.VERIFIER],
                agency__isnull=True,
                project__isnull=False,
            )
        ),
        name=name,
        violation_error_message=_(
            "This role belongs to the whole government, to one agency, or to one project."
        ),
    )


class Membership(Valid, Tracked):
    """A role a person holds: government-wide, in one agency, or in one project; from–to."""

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=30, choices=Role.choices)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="memberships",
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="memberships",
    )
    is_head = models.BooleanField(_("head of the office"), default=False)
    allocation_percent = models.PositiveSmallIntegerField(
        _("share of working time (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )

    objects = ScopedQuerySet.as_manager()
    # Whoever is verified neither ends nor changes the appointment of their verifier.
    access = (
        Access(
            Resource.STAFFING,
            agency=("agency_id", "project__agency_id"),
            project=("project_id",),
            when=~Q(role=Role.VERIFIER),
        ),
        Access(
            Resource.APPOINTMENT,
            agency=("project__agency_id",),
            project=("project_id",),
            when=Q(role=Role.VERIFIER),
        ),
    )

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        ordering = ("role", "id")
        constraints = (
            validity_constraint("membership_validity"),
            _fits_role("membership_scope_fits_role"),
            models.UniqueConstraint(
                F("user"),
                F("role"),
                Coalesce("agency", 0),
                Coalesce("project", 0),
                Coalesce("valid_from", Value(date(1, 1, 1))),
                name="membership_once",
                violation_error_message=_("This person holds this role there already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} – {self.get_role_display()}"


class RoleRequest(Valid, Tracked):
    """A role that one person asks for and others confirm before anybody holds it.

    What has to come together: an office other than the asker's (`needs_office`: the role carries
    approval), and the holder or the holder's own ministry (`needs_consent`: the account is not
    the asker's). The last of them makes the membership.
    """

    class State(models.TextChoices):
        REQUESTED = "requested", _("requested")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.PROTECT, related_name="role_requests"
    )
    role = models.CharField(_("role"), max_length=30, choices=Role.choices)
    agency = models.ForeignKey(
        "governance.Agency",
        verbose_name=_("agency"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    project = models.ForeignKey(
        "projects.Project",
        verbose_name=_("project"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    is_head = models.BooleanField(_("head of the office"), default=False)
    allocation_percent = models.PositiveSmallIntegerField(
        _("share of working time (%)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    reason = columns.Line(_("reason"), max_length=500, blank=True)
    needs_office = models.BooleanField(_("an office confirms"), editable=False)
    needs_consent = models.BooleanField(_("the holder or the ministry agrees"), editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=State.choices, default=State.REQUESTED, editable=False
    )
    requested_at = models.DateTimeField(_("requested at"), editable=False)
    requested_by = _step(_("requested by"))
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True, editable=False)
    confirmed_by = _step(_("confirmed by"))
    consented_at = models.DateTimeField(_("agreed at"), null=True, blank=True, editable=False)
    consented_by = _step(_("agreed by"))
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True, editable=False)
    decided_by = _step(_("decided by"))
    decision_reason = columns.Line(_("reason of the decision"), max_length=500, blank=True)

    objects = ScopedQuerySet.as_manager()
    # Also for a verifier's role: asking for it, reading who asked and agreeing are staffing.
    access = (
        Access(
            Resource.STAFFING, agency=("agency_id", "project__agency_id"), project=("project_id",)
        ),
    )

    class Meta:
        verbose_name = _("request for a role")
        verbose_name_plural = _("requests for roles")
        ordering = ("-requested_at", "-pk")
        constraints = (
            validity_constraint("role_request_validity"),
            _fits_role("role_request_scope_fits_role"),
            models.CheckConstraint(
                condition=Q(needs_office=True) | Q(needs_consent=True),
                name="role_request_needs_somebody",
            ),
            models.UniqueConstraint(
                F("user"),
                F("role"),
                Coalesce("agency", 0),
                Coalesce("project", 0),
                condition=Q(state="requested"),
                name="role_request_once",
                violation_error_message=_("This role is asked for already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} – {self.get_role_display()}"


class Training(Tracked):
    """A skill, training or qualification of a person: who could fill which role."""

    class Kind(models.TextChoices):
        SKILL = "skill", _("skill")
        TRAINING = "training", _("training")
        QUALIFICATION = "qualification", _("qualification")

    user = models.ForeignKey(
        User, verbose_name=_("user"), on_delete=models.PROTECT, related_name="trainings"
    )
    kind = models.CharField(_("kind"), max_length=13, choices=Kind.choices)
    title = columns.Line(_("title"), max_length=200)
    level = columns.Line(_("level"), max_length=60, blank=True)
    obtained_on = columns.Day(_("obtained on"), null=True, blank=True)
    expires_on = columns.Day(_("expires on"), null=True, blank=True)
    note = columns.Line(_("note"), max_length=300, blank=True)

    objects = ScopedQuerySet.as_manager()
    access = (
        Access(
            Resource.STAFFING,
            agency=("user__memberships__agency_id", "user__memberships__project__agency_id"),
            project=("user__memberships__project_id",),
            many=True,
        ),
    )

    class Meta:
        verbose_name = _("training")
        verbose_name_plural = _("trainings")
        ordering = ("user_id", "kind", "title", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(obtained_on__isnull=True)
                | Q(expires_on__isnull=True)
                | Q(expires_on__gte=F("obtained_on")),
                name="training_dates",
                violation_error_message=_("It would expire before it was obtained."),
            ),
        )

    def __str__(self) -> str:
        return str(self.title)
