"""Refusals of signing in and of changes to accounts, memberships and organizations."""

from chiron.kernel.errors import DomainError, NotPermitted, NotSignedIn


class WrongCredentials(NotSignedIn):
    """The same for an unknown account, a wrong password, a disabled account and another organization's member."""

    code, title = "wrong-credentials", "No account fits this name and password."


class RefreshRefused(NotSignedIn):
    """The same for a forged, an ended and a reused refresh token."""

    code, title = "refresh-refused", "This refresh token is not valid any more: sign in again."


class SecondFactorMissing(NotSignedIn):
    """The password was right, and alone it opens nothing."""

    code, title = "second-factor-missing", "This account also needs a code of its authenticator app."


class ChallengeRefused(NotSignedIn):
    """The same for a forged, an expired and a superseded `mfa_token`."""

    code, title = "mfa-token-refused", "This sign-in took too long or was not ours: begin it again."


class WrongCode(NotSignedIn):
    code, title = "wrong-code", "This code is not right, or was used before."


class StepUpRequired(NotSignedIn):
    code, title = "step-up-required", "Show your second factor first: it must have been shown within five minutes."


class EnrolmentRequired(DomainError):
    """The organization wants a second factor of this role: until there is one, the session can only set it up."""

    code, title, status = "mfa-enrolment-required", "Set up a second factor first; then refresh your tokens.", 403


class NotConfirmed(DomainError):
    """The same for a wrong password and a wrong code of somebody who is signed in."""

    code, title, status = "not-confirmed", "The password or the code is not right.", 403


class SecondFactorOn(DomainError):
    code, title = "second-factor-on", "The account has a second factor already: disable it before setting up another."


class SecondFactorOff(DomainError):
    code, title = "second-factor-off", "The account has no second factor: set one up first."


class CodeRefused(DomainError):
    """The same for a forged, a used and an expired code."""

    code, title, status = "code-refused", "This code is not valid any more: ask for another.", 422


class SecondAdminNeeded(DomainError):
    code, title = "second-admin-needed", "Another admin must confirm this."


class BelongsElsewhere(DomainError):
    """What is done to the whole account is not decided by one of its organizations."""

    code, title = "belongs-elsewhere", "That account belongs to other organizations, or to the platform, as well."


class CrossSite(DomainError):
    """An unsafe call by cookie from elsewhere, or without the session's CSRF token."""

    code, title, status = (
        "cross-site",
        "With cookies, send this site's Origin and, once signed in, X-CSRF-Token.",
        403,
    )


class OrganizationSuspended(DomainError):
    code, title, status = "organization-suspended", "This organization is suspended; its data is kept.", 403


class RegistrationClosed(DomainError):
    code, title, status = "registration-closed", "This organization makes such accounts itself: ask there.", 403


class ChooseOrganization(DomainError):
    """The account belongs to several; which ones is told to nobody who has not said one."""

    code, title, status = "choose-organization", "Say which organization you sign in to.", 422


class AccountExists(DomainError):
    """One refusal for both, so that it does not tell which of the two somebody else has."""

    code, title = "account-exists", "This user name or e-mail address is already in use."


class ClaimSettled(DomainError):
    code, title = "claim-settled", "Who you are was confirmed; ask the organization to correct it."


class AlreadyMember(DomainError):
    code, title = "already-member", "That account is a member already."


class AlreadyLinked(DomainError):
    code, title = "already-linked", "That account, or that person, is linked to another already."


class NotLinked(DomainError):
    code, title = "not-linked", "No account is linked to that person."


class LastAdmin(DomainError):
    code, title = "last-admin", "An organization keeps at least one admin."


class DomainTaken(DomainError):
    code, title = "domain-taken", "Another organization is reached under one of these domains."


class LinkExpired(NotPermitted):
    code, title = "link-expired", "This link has expired: ask for another one."
