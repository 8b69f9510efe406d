"""Where lower floors ask higher ones, and the kernel asks identity: connected here, once."""

from uuid import UUID

from chiron.audit import hooks as audit
from chiron.identity import hooks as identity
from chiron.identity.authentication import authenticate
from chiron.identity.hooks import Door
from chiron.identity.policy import scope_of
from chiron.identity.queries import account_names
from chiron.jobs import hooks as jobs
from chiron.kernel import access, clock
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotPermitted
from chiron.notifications import hooks as notifications
from chiron.notifications import streams
from chiron.notifications.public import alarmed
from chiron.operations.mongo.erasing import forget_account_of
from chiron.operations.processes import is_leaving
from chiron.operations.replaying import replay
from chiron.records.public import record_for
from chiron.registry import hooks as registry
from chiron.registry.public import (
    Assignments,
    engagement_ended,
    make_claim,
    patient_for,
    provider_for,
    provider_for_claim,
)
from chiron.scheduling.public import Appointments, end_appointments_of, letter_of
from chiron.tenancy.public import inside


def within(door: Door) -> Door:
    """The same door, opened in the caller's organization."""

    def open_door(by: Caller, id: UUID, action: str, /) -> object:
        if by.organization_id is None:
            raise NotPermitted
        with inside(by.organization_id):
            return door(by, id, action)

    return open_door


DOORS = {"patients": within(patient_for), "providers": within(provider_for), "records": within(record_for)}


def install() -> None:
    """Give the kernel its policy and authenticator, and lower floors what they ask of higher ones."""
    access.install(decide=scope_of, authenticate=authenticate)
    audit.install(account_names=account_names)
    identity.install(
        make_claim=make_claim, provider_for_claim=provider_for_claim, alarmed=alarmed,
        engagement_ended=engagement_ended, doors=DOORS,
    )  # fmt: skip
    jobs.install(before_work=lambda: replay(now=clock.now()))
    notifications.install(letters={"appointments": letter_of})
    streams.install(is_leaving=is_leaving)
    registry.install(ties=[Assignments(), Appointments()], endings=[end_appointments_of, forget_account_of])
