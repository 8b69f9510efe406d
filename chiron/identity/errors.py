"""Refusals of sign-in and of changes to memberships."""

from chiron.kernel.errors import DomainError, NotSignedIn


class WrongCredentials(NotSignedIn):
    """The same for an unknown account, a wrong password and a disabled account."""

    code, title, status = "wrong-credentials", "User name and password do not fit.", 401


class RefreshRefused(NotSignedIn):
    code, title, status = "refresh-refused", "This refresh token is not valid any more: sign in again.", 401


class OrganizationSuspended(DomainError):
    code, title, status = "organization-suspended", "This organization is suspended; its data is kept.", 403


class ChooseOrganization(DomainError):
    code, title, status = "choose-organization", "Name the organization to sign in to.", 422


class UsernameTaken(DomainError):
    code, title = "username-taken", "That user name is taken."


class EmailTaken(DomainError):
    code, title = "email-taken", "That e-mail address has an account already."


class AlreadyMember(DomainError):
    code, title = "already-member", "That account is a member already."


class LastAdmin(DomainError):
    code, title = "last-admin", "An organization keeps at least one admin."
