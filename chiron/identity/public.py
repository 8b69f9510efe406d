"""What other apps may use of identity."""

from chiron.identity import browsers
from chiron.identity.alarms import Alarm
from chiron.identity.authentication import visitor
from chiron.identity.challenges import Challenge
from chiron.identity.cookies import must_not_be_another_site
from chiron.identity.email import email_of
from chiron.identity.hooks import Person
from chiron.identity.limits import admit, settle
from chiron.identity.links import Link, link_to
from chiron.identity.models import Account, Membership, Removal, Session
from chiron.identity.old_hashes import kept_hash
from chiron.identity.proofs import proof_of, public_key
from chiron.identity.queries import (
    account_names,
    accounts_of,
    accounts_of_patients,
    accounts_with,
    caller_by_mail,
    caller_of,
    engagement_of,
    locale_of,
    me,
    who_answers_for_privacy,
)
from chiron.identity.revocations import Snapshot, revocations
from chiron.identity.roles import ROLES, Role
from chiron.identity.rules import EMAIL, USERNAME
from chiron.identity.seats import prove_for_export
from chiron.identity.services.accounts import create_operator, make_account
from chiron.identity.services.arrivals import AccountArrival, admit_accounts, settled_accounts
from chiron.identity.services.erasure import end_account_of_patient, end_patient, patients_signing_in
from chiron.identity.services.memberships import (
    add_membership,
    change_membership,
    employ,
    link_patient,
    link_provider,
    unlink_patient,
)
from chiron.identity.services.organizations import create_organization
from chiron.identity.services.removal import erase_organization, remove_organization, remove_remains
from chiron.identity.services.sign_in import SignedIn, begin
from chiron.identity.signed import signed_body, signed_link
from chiron.identity.suppressions import suppression_of
from chiron.identity.tasks import tell_of_broken_glass
from chiron.identity.tokens import Verified

__all__ = [
    "EMAIL",
    "ROLES",
    "USERNAME",
    "Account",
    "AccountArrival",
    "Alarm",
    "Challenge",
    "Link",
    "Membership",
    "Person",
    "Removal",
    "Role",
    "Session",
    "SignedIn",
    "Snapshot",
    "Verified",
    "account_names",
    "accounts_of",
    "accounts_of_patients",
    "accounts_with",
    "add_membership",
    "admit",
    "admit_accounts",
    "begin",
    "browsers",
    "caller_by_mail",
    "caller_of",
    "change_membership",
    "create_operator",
    "create_organization",
    "email_of",
    "employ",
    "end_account_of_patient",
    "engagement_of",
    "end_patient",
    "erase_organization",
    "kept_hash",
    "link_patient",
    "link_provider",
    "link_to",
    "locale_of",
    "make_account",
    "must_not_be_another_site",
    "me",
    "patients_signing_in",
    "proof_of",
    "prove_for_export",
    "public_key",
    "remove_organization",
    "remove_remains",
    "revocations",
    "settle",
    "settled_accounts",
    "signed_body",
    "signed_link",
    "suppression_of",
    "tell_of_broken_glass",
    "unlink_patient",
    "visitor",
    "who_answers_for_privacy",
]
