"""Accounts, their memberships and their sessions; all in accounts, none of it clinical."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from chiron.identity.roles import ROLES
from chiron.kernel.clock import now
from chiron.kernel.fields import SealedField, operational, personal, secret
from chiron.kernel.ids import NIL
from chiron.kernel.models import Grants, Row, Versioned
from chiron.vault.public import exact_index, platform_safe


class Accounts(BaseUserManager["Account"]):
    """Finds and makes accounts."""

    def named(self, name: str) -> "Account | None":
        """The account with that user name or that e-mail address."""
        if "@" in name:
            return self.filter(email_index=Account.index_of(name)).first()
        return self.filter(username__iexact=name).first()

    def get_by_natural_key(self, username: str | None) -> "Account":
        """Django's way to find an account by its user name."""
        return self.get(username__iexact=username)

    def create_superuser(self, username: str, password: str, email: str = "", **_: Any) -> "Account":
        """A platform operator (``createsuperuser``): runs the platform, has no clinical access."""
        account = Account(username=username, is_operator=True)
        account.set_email(email)
        account.set_password(password)
        account.save(force_insert=True)
        return account


class Account(AbstractBaseUser, Row):
    """A person who can sign in. The e-mail address is sealed and found through its blind index."""

    grants = Grants.READ_WRITE

    username = personal(models.CharField(max_length=100))
    password = secret(models.CharField(max_length=255))
    last_login = operational(models.DateTimeField(null=True, blank=True))
    email = personal(SealedField(null=True))
    email_index = personal(models.BinaryField(max_length=16, null=True))
    is_operator = operational(models.BooleanField(default=False))
    is_active = operational(models.BooleanField(default=True))
    created_at = operational(models.DateTimeField(default=now, editable=False))

    objects: ClassVar[Accounts] = Accounts()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("username"), name="account_username_is_its_own"),
            models.UniqueConstraint(name="account_email_is_its_own", fields=["email_index"]),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @staticmethod
    def index_of(email: str) -> bytes:
        """The blind index under which an address is found."""
        return exact_index(NIL, "email", email.strip().casefold())

    def set_email(self, email: str) -> None:
        """Seal the address, and index it; an empty one is none."""
        self.email = platform_safe().seal(self, "email", email.strip()) if email else None
        self.email_index = self.index_of(email) if email else None

    def opened_email(self) -> str:
        """The address in plain text, for its owner and for sending mail."""
        return str(platform_safe().open(self, "email")) if self.email else ""

    @property
    def is_staff(self) -> bool:
        """Django's admin is for operators."""
        return self.is_operator and self.is_active

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Operators may do in the admin what its pages allow."""
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        """The same, for a whole app."""
        return self.is_staff


class Membership(Versioned):
    """An account's roles in one organization, and who it is there."""

    account = operational(models.ForeignKey("identity.Account", models.PROTECT, related_name="+"))
    organization = operational(models.ForeignKey("tenancy.Organization", models.PROTECT, related_name="+"))
    roles = operational(ArrayField(models.CharField(max_length=20)))
    approved_at = operational(models.DateTimeField(null=True))
    provider_id = operational(models.UUIDField(null=True))
    patient_id = operational(models.UUIDField(null=True))
    authz_version = operational(models.IntegerField(default=1))
    authz_changed_at = operational(models.DateTimeField(default=now, db_index=True))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="one_membership_in_an_organization", fields=["account", "organization"]),
            models.CheckConstraint(name="membership_roles_are_known", condition=Q(roles__contained_by=ROLES)),
        ]

    @property
    def effective_roles(self) -> list[str]:
        """The roles that count: none before approval."""
        return sorted(self.roles) if self.approved_at else []


class Session(Row):
    """A refresh token family: one sign-in on one device. Its id is the ``sid`` of its access tokens."""

    grants = Grants.READ_WRITE

    account = operational(models.ForeignKey("identity.Account", models.PROTECT, related_name="+"))
    membership = operational(models.ForeignKey("identity.Membership", models.SET_NULL, null=True, related_name="+"))
    seed = secret(SealedField())
    counter = operational(models.IntegerField(default=0))
    rotated_at = operational(models.DateTimeField(null=True))
    revoked_at = operational(models.DateTimeField(null=True, db_index=True))
    expires_at = operational(models.DateTimeField())
    created_at = operational(models.DateTimeField(default=now))
    last_used_at = operational(models.DateTimeField(default=now))
    place = personal(SealedField())
