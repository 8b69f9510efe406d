"""Accounts, their memberships, sessions and second factors; all in accounts, none of it clinical."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from typing_extensions import override

from chiron.identity.managers import Accounts
from chiron.identity.roles import ROLES, Role
from chiron.kernel.clock import now
from chiron.kernel.fields import SealedField, operational, personal, secret
from chiron.kernel.ids import new_id
from chiron.kernel.models import Grants, Row, Versioned


class Account(AbstractBaseUser, Row):
    """A person who can sign in. It has no name; its e-mail address is sealed and found through a blind index."""

    grants = Grants.READ_WRITE

    username = personal(models.CharField(max_length=100))
    password = secret(models.CharField(max_length=255))
    email = personal(SealedField(null=True))
    email_index = personal(models.BinaryField(max_length=16, null=True))
    email_verified_at = operational(models.DateTimeField(null=True))
    former_email = personal(SealedField(null=True))
    locale = operational(models.CharField(max_length=35, null=True))
    is_operator = operational(models.BooleanField(default=False))
    is_active = operational(models.BooleanField(default=True))
    created_at = operational(models.DateTimeField(default=now, editable=False))
    last_login = operational(models.DateTimeField(null=True, blank=True))

    objects: ClassVar[Accounts] = Accounts()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Upper("username"), name="one_account_per_username"),
            models.UniqueConstraint(name="one_account_per_username_as_written", fields=["username"]),
            models.UniqueConstraint(name="one_account_per_email", fields=["email_index"]),
        ]

    @override
    def __str__(self) -> str:
        return str(self.id)

    @property
    def is_staff(self) -> bool:
        """Django's admin is for operators."""
        return self.is_operator and self.is_active

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's own permissions are nobody's: our pages in the admin ask for the operator, others stay closed."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        """The same, for a whole app."""
        return False


class Membership(Versioned):
    """An account's roles in one organization, and which provider or patient it is there.

    `authz_version` rises with every change of what the account may do; tokens of an earlier one are refused.
    `engagement_id` is another once the role LAB is lost: what was given to an earlier one does not come back with it.
    """

    account = operational(models.ForeignKey("identity.Account", models.PROTECT, related_name="+"))
    organization = operational(models.ForeignKey("tenancy.Organization", models.PROTECT, related_name="+"))
    roles = operational(ArrayField(models.TextField()))
    approved_at = operational(models.DateTimeField(null=True))
    provider_id = operational(models.UUIDField(null=True))
    patient_id = operational(models.UUIDField(null=True))
    authz_version = operational(models.IntegerField(default=1))
    authz_changed_at = operational(models.DateTimeField(default=now, db_index=True))
    engagement_id = operational(models.UUIDField(default=new_id))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_membership_in_an_organization", fields=["account", "organization"]),
            models.UniqueConstraint(name="one_account_per_provider", fields=["organization", "provider_id"]),
            models.UniqueConstraint(name="one_account_per_patient", fields=["organization", "patient_id"]),
            models.CheckConstraint(name="a_role_is_known", condition=Q(roles__contained_by=ROLES)),
        ]

    @property
    def effective_roles(self) -> frozenset[str]:
        """The roles that count: none before approval."""
        return frozenset(self.roles if self.approved_at else ())

    @property
    def is_confirmed(self) -> bool:
        """Whether staff have said who this account is; until then there is only its claim."""
        return self.patient_id is not None or (self.approved_at is not None and self.roles != [Role.PATIENT])


class Session(Row):
    """A refresh token family: one sign-in on one device. Its id is the `sid` of its access tokens.

    `origin` opens to {address, device}. An operator's session belongs to no organization. `mfa_at` is when a
    second factor was shown last.
    """

    grants = Grants.FULL  # ended sessions are swept

    account = operational(models.ForeignKey("identity.Account", models.PROTECT, related_name="+"))
    organization = operational(models.ForeignKey("tenancy.Organization", models.PROTECT, null=True, related_name="+"))
    seed = secret(SealedField())
    counter = operational(models.BigIntegerField(default=0))
    created_at = operational(models.DateTimeField(default=now))
    last_used_at = operational(models.DateTimeField(default=now))
    rotated_at = operational(models.DateTimeField(null=True))
    expires_at = operational(models.DateTimeField())
    revoked_at = operational(models.DateTimeField(null=True))
    mfa_at = operational(models.DateTimeField(null=True))
    origin = personal(SealedField())

    class Meta:
        indexes = [
            models.Index(name="sessions_by_revocation", fields=["revoked_at"], condition=Q(revoked_at__isnull=False))
        ]


class SecondFactor(Row):
    """The secret that an account shares with an authenticator app (RFC 6238). It counts once a code has confirmed it.

    `last_step` is the latest half minute whose code was accepted; it only rises.
    """

    account = operational(models.ForeignKey("identity.Account", models.CASCADE, related_name="+"))
    secret = secret(SealedField())
    last_step = operational(models.BigIntegerField(default=0))
    created_at = operational(models.DateTimeField(default=now))
    confirmed_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [models.UniqueConstraint(name="one_second_factor_per_account", fields=["account"])]


class SpentStep(Row):
    """A half minute whose code was accepted: the last wall against accepting it again."""

    account = operational(models.ForeignKey("identity.Account", models.CASCADE, related_name="+"))
    step = operational(models.BigIntegerField())

    class Meta:
        constraints = [models.UniqueConstraint(name="a_code_works_once", fields=["account", "step"])]


class BackupCode(Row):
    """A code for the day on which the app is lost, as a keyed digest; using it deletes it."""

    account = operational(models.ForeignKey("identity.Account", models.CASCADE, related_name="+"))
    digest = secret(models.BinaryField(max_length=16))

    class Meta:
        constraints = [models.UniqueConstraint(name="a_backup_code_is_another", fields=["account", "digest"])]


class MfaReset(Row):
    """One admin asks that a member's second factor be taken away, another confirms it; `…_by` are accounts."""

    membership = operational(models.ForeignKey("identity.Membership", models.CASCADE, related_name="+"))
    requested_by = operational(models.UUIDField())
    requested_at = operational(models.DateTimeField())
    confirmed_by = operational(models.UUIDField(null=True))
    confirmed_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_second_admin_confirms",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("requested_by")),
            ),
            models.UniqueConstraint(
                name="one_reset_is_asked_for", fields=["membership"], condition=Q(confirmed_at__isnull=True)
            ),
        ]


class Allowance(Row):
    """How much of a limit is left: whole again at `full_at`. Its id is a keyed digest of whom it limits."""

    full_at = operational(models.DateTimeField())

    class Meta:
        indexes = [models.Index(name="allowances_by_time", fields=["full_at"])]


class Lockout(Row):
    """How often guessing at something has failed in a row. Its id is a keyed digest of what is guessed at."""

    failures = operational(models.IntegerField())
    until = operational(models.DateTimeField())

    class Meta:
        indexes = [models.Index(name="lockouts_by_time", fields=["until"])]


class SuppressedAddress(Row):
    """An address to which nothing is mailed until staff lift that: its digest, why, and since when."""

    class Reason(models.TextChoices):
        BOUNCED = "bounced"
        COMPLAINED = "complained"
        UNSUBSCRIBED = "unsubscribed"

    grants = Grants.READ_WRITE

    index = personal(models.BinaryField(max_length=16))
    reason = operational(models.CharField(max_length=20, choices=Reason))
    at = operational(models.DateTimeField())
    lifted_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [models.UniqueConstraint(name="an_address_is_suppressed_once", fields=["index"])]


class Removal(Row):
    """The removal of an organization: what it held when it began, and when all of it was gone.

    It outlives the organization, for the proof that is made of it.
    """

    grants = Grants.READ_WRITE

    organization_id = operational(models.UUIDField())
    slug = operational(models.CharField(max_length=40))
    begun_at = operational(models.DateTimeField())
    begun_by = operational(models.UUIDField(null=True))
    held = operational(models.JSONField(default=dict))
    finished_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints = [models.UniqueConstraint(name="an_organization_is_removed_once", fields=["organization_id"])]
