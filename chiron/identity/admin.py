"""The admin's pages for platform operators: they look, and what they change they change by the API's verbs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from chiron.identity import admin_mail
from chiron.identity.models import Account, Membership, Session
from chiron.identity.services.accounts import disable_account, enable_account
from chiron.identity.services.organizations import change_organization
from chiron.identity.services.sign_in import revoke_session
from chiron.kernel import clock
from chiron.kernel.access import Caller
from chiron.kernel.admin import LookOnly
from chiron.kernel.errors import DomainError
from chiron.tenancy.public import Organization
from chiron.vault.public import platform_safe


def each(page: LookOnly, request: HttpRequest, chosen: "QuerySet[Any]", verb: Callable[[Caller, UUID], object]) -> None:
    """Do it to every row chosen, and say what was refused."""
    by: Caller = request.caller  # type: ignore[attr-defined]
    for id in chosen.values_list("id", flat=True):
        try:
            verb(by, id)
        except DomainError as refusal:
            page.message_user(request, f"{id}: {refusal}", messages.ERROR)
        else:
            page.message_user(request, f"{id}: done", messages.SUCCESS)


@admin.register(Organization)
class OrganizationPage(LookOnly):
    title, icon, place = "Organizations", "domain", 80
    list_display = ("slug", "name", "time_zone", "locale", "suspended_at")
    search_fields = ("slug", "name")
    ordering = ("slug",)
    actions = ("suspend", "resume")

    @admin.action(description="Suspend: answers nobody, keeps its data")
    def suspend(self, request: HttpRequest, chosen: "QuerySet[Organization]") -> None:
        each(self, request, chosen, lambda by, id: self._set(by, id, suspended=True))

    @admin.action(description="Resume")
    def resume(self, request: HttpRequest, chosen: "QuerySet[Organization]") -> None:
        each(self, request, chosen, lambda by, id: self._set(by, id, suspended=False))

    def _set(self, by: Caller, id: UUID, *, suspended: bool) -> None:
        change_organization(by=by, organization_id=id, changes={}, suspended=suspended, now=clock.now())


@admin.register(Account)
class AccountPage(LookOnly):
    title, icon, place = "Accounts", "person", 81
    list_display = ("username", "is_operator", "is_active", "created_at", "last_login")
    list_filter = ("is_operator", "is_active")
    search_fields = ("username",)
    ordering = ("username",)
    exclude = ("password", "email", "email_index")
    actions = ("disable", "enable")

    @admin.action(description="Disable, and end all sessions")
    def disable(self, request: HttpRequest, chosen: "QuerySet[Account]") -> None:
        each(self, request, chosen, lambda by, id: disable_account(by=by, account_id=id, now=clock.now()))

    @admin.action(description="Enable")
    def enable(self, request: HttpRequest, chosen: "QuerySet[Account]") -> None:
        each(self, request, chosen, lambda by, id: enable_account(by=by, account_id=id, now=clock.now()))


@admin.register(Membership)
class MembershipPage(LookOnly):
    title, icon, place = "Memberships", "groups", 82
    list_display = ("user", "organization", "roles", "approved_at", "authz_version")
    search_fields = ("account__username", "organization__slug")
    list_select_related = ("account", "organization")
    ordering = ("-id",)

    @admin.display(description="account")
    def user(self, membership: Membership) -> str:
        return str(membership.account.username)


@admin.register(Session)
class SessionPage(LookOnly):
    title, icon, place = "Sessions", "devices", 83
    list_display = ("user", "organization", "device", "created_at", "last_used_at", "expires_at", "revoked_at")
    search_fields = ("account__username", "organization__slug")
    list_select_related = ("account", "organization")
    ordering = ("-id",)
    exclude = ("seed", "origin", "counter")
    actions = ("revoke",)

    @admin.display(description="account")
    def user(self, session: Session) -> str:
        return str(session.account.username)

    @admin.display(description="device")
    def device(self, session: Session) -> str:
        return str(platform_safe().open(session, "origin")["device"])[:60]

    @admin.action(description="Revoke: its tokens are refused from now on")
    def revoke(self, request: HttpRequest, chosen: "QuerySet[Session]") -> None:
        each(self, request, chosen, lambda by, id: revoke_session(by=by, session_id=id, now=clock.now()))

    @override
    def get_queryset(self, request: HttpRequest) -> "QuerySet[Session]":
        return Session.objects.select_related("account", "organization")


__all__ = ["admin_mail"]
