"""Everybody who may ask, and everything they may ask for: their own, somebody else's, next door's, nothing at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from django.test import Client

from chiron.audit.models import Event
from chiron.files.tests.factories import PNG, arrived
from chiron.identity.cookies import ACCESS, csrf_token
from chiron.identity.models import Membership, Session
from chiron.identity.public import Person as Claimant
from chiron.identity.public import Role, begin, create_operator
from chiron.identity.revocations import revocations
from chiron.identity.services.accounts import disable_account, make_account, register
from chiron.identity.services.memberships import add_membership, remove_membership
from chiron.identity.suppressions import Reason, Said, suppress
from chiron.identity.tokens import issue, verified
from chiron.kernel.access import Caller, Scope
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, roll_back
from chiron.kernel.ids import NIL, new_id
from chiron.laboratory.public import (
    Found,
    ReportSaid,
    SpecimenSaid,
    create_report,
    register_specimen,
    release_report,
)
from chiron.notifications.public import Kind, Notification, notify
from chiron.records.public import Code, RecordType, Statement, record_for, write_record
from chiron.records.services.attach import attach
from chiron.records.services.ranges import RangeSaid, save_range
from chiron.records.services.sign import sign_record
from chiron.registry.public import assign, patient_within
from chiron.registry.services.glass import break_glass
from chiron.registry.services.laboratories import add_staff, save_laboratory
from chiron.registry.services.people import save_department
from chiron.registry.services.work import begin_work
from chiron.scheduling.models import AppointmentType
from chiron.scheduling.services.attend import no_show, proceed
from chiron.scheduling.services.availability import Received, set_availability
from chiron.scheduling.services.book import book
from chiron.scheduling.services.catalogue import RoomSaid, TypeSaid, save_room, save_type
from chiron.scheduling.services.hold import hold
from chiron.scheduling.services.holidays import HolidaySaid, save_holiday
from chiron.scheduling.services.reminder_rules import RuleSaid, save_rule
from chiron.scheduling.services.series import book_series
from chiron.scheduling.services.waitlist import Wanted, join
from chiron.scheduling.wallclock import Hours
from chiron.scheduling.words import WEEKDAYS, OnConflict, Step
from chiron.screening.tests.factories import batch_of, screened
from chiron.tenancy.public import inside
from tests.matrix.secrets import Secrets, say_everything
from tests.town import OPERATOR, PASSWORD, Clinic, Town


class Thing(Enum):
    """What an operation is about, and whether a narrow scope makes a difference to it."""

    PATIENT = "patient"
    RECORD = "record"
    ATTACHMENT = "attachment"
    SIGNED = "signed record"
    SESSION = "session"
    PROVIDER = "provider"
    DEPARTMENT = "department"
    LABORATORY = "laboratory"
    ANNOUNCED = "specimen that was not received"
    SPECIMEN = "specimen"
    DRAFT = "preliminary laboratory report"
    REPORT = "released laboratory report"
    REFERENCE_RANGE = "reference range"
    MEMBERSHIP = "membership"
    ORGANIZATION = "organization"
    GLASS = "broken glass"
    NOTIFICATION = "notification"
    EVENT = "event of the audit trail"
    APPOINTMENT = "appointment to come"
    BEGUN = "appointment that should have begun"
    PRESENT = "appointment whose patient is here"
    MISSED = "appointment that was missed"
    HOLD = "time that is held"
    PENDING = "appointment that needs approval"
    WAITING = "entry of the waitlist"
    HOLIDAY = "holiday"
    REMINDER_RULE = "rule of reminders"
    TYPE = "appointment type"
    ROOM = "room"
    SERIES = "series of appointments"
    SCREENING = "screening that was released"
    BATCH = "file of blood counts"


class Whose(Enum):
    """Whose it is, seen from the caller."""

    MINE = "mine"
    ANOTHERS = "another's in the same organization"
    NEXT_DOOR = "next door's"
    NOBODYS = "nobody's"


AGO = timedelta(days=7)
SUPPRESSED = "nobody.reads.this@example.org"
OUTCASTS = ("removed", "disabled")
"""Who hold a token of theirs, but no rights any more."""


@dataclass
class World:
    """Hilltop's people as callers, and the things of both clinics."""

    hilltop: Clinic
    riverside: Clinic
    clients: dict[str, Client] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, UUID | None] = field(default_factory=dict)
    things: dict[tuple[Thing, Whose], UUID] = field(default_factory=dict)
    told: dict[str, UUID] = field(default_factory=dict)
    claimant: UUID = field(default_factory=new_id)
    newcomer: UUID = field(default_factory=new_id)
    secrets: Secrets = field(default_factory=lambda: Secrets("riverside"))
    renewed_at: datetime = field(default_factory=now)

    def thing(self, thing: Thing, whose: Whose, who: str) -> UUID:
        """The id of such a thing; one's own session and notification are others for each caller."""
        if thing is Thing.SESSION and whose is Whose.MINE:
            return getattr(self.callers.get(who), "session_id", None) or new_id()
        if thing is Thing.NOTIFICATION and whose is Whose.MINE:
            return self.told.get(who) or new_id()
        if thing is Thing.EVENT and whose is Whose.MINE and who == "operator":
            return _newest(ACCOUNTS)
        return self.things.get((thing, whose)) or new_id()

    def renew(self) -> None:
        """Clients as on the first day; tokens and second factors, which hold for five minutes, are never old."""
        if now() - self.renewed_at > timedelta(minutes=2):
            self.renewed_at = now()
            self.tokens |= {who: renewed(caller, self.renewed_at) for who, caller in self.callers.items()}
        self.call_by("header")

    def call_by(self, means: str) -> None:
        """From now on everybody calls with a header, or with cookies as browsers do."""
        self.clients = {"anonymous": Client()}
        for who, token in self.tokens.items():
            if means == "cookie":
                self.clients[who] = browser(token, csrf_token(self.sessions[who]))
            else:
                self.clients[who] = Client(headers={"authorization": f"Bearer {token}"})

    @property
    def of_others(self) -> list[UUID]:
        """What only a scope of the whole organization reaches."""
        shared = (
            Thing.PATIENT, Thing.RECORD, Thing.ATTACHMENT, Thing.SIGNED, Thing.APPOINTMENT, Thing.WAITING,
            Thing.LABORATORY, Thing.SCREENING, Thing.SPECIMEN, Thing.REPORT, Thing.BATCH,
        )  # fmt: skip
        return [self.things[thing, Whose.ANOTHERS] for thing in shared]


def build(town: Town) -> World:
    """The world, to be rolled back by whoever made it."""
    world = World(town.hilltop, town.riverside)
    for role in Role:
        _admit(world, role.value, town.hilltop.tokens[role])
    waiting = _registered(town.hilltop, Role.DOCTOR)
    opened = begin(by=Caller(), account=waiting.account, membership=waiting, mfa_at=now(), now=now())
    _admit(world, "unapproved doctor", opened.access)
    operator = create_operator(by=Caller(operator=True), username="olga", password=PASSWORD, now=now())
    _admit(world, "operator", begin(by=Caller(), account=operator, membership=None, mfa_at=now(), now=now()).access)
    _admit_more(world, town)
    _furnish(world, town.hilltop, Whose.MINE)
    claimant = _registered(town.hilltop, Role.PATIENT)
    world.claimant = claimant.account_id
    opened = begin(by=Caller(), account=claimant.account, membership=claimant, now=now())
    world.things[Thing.SESSION, Whose.ANOTHERS] = verified(opened.access).caller.session_id or new_id()
    world.things[Thing.NOTIFICATION, Whose.ANOTHERS] = _told(town.hilltop, new_id())
    _furnish(world, town.riverside, Whose.NEXT_DOOR)
    suppress(by=Caller(), said=[Said(SUPPRESSED, Reason.BOUNCED, now())], now=now())
    world.things[Thing.NOTIFICATION, Whose.NEXT_DOOR] = _told(town.riverside, town.riverside.who[Role.LAB].account_id)
    for who, caller in world.callers.items():
        world.told[who] = _told(town.hilltop, caller.account_id)
    world.secrets = say_everything(town.riverside)
    world.call_by("header")
    return world


def _admit(world: World, who: str, token: str) -> None:
    caller = world.callers[who] = verified(token).caller
    world.tokens[who], world.sessions[who] = token, caller.session_id


def _admit_more(world: World, town: Town) -> None:
    """Somebody with two roles, somebody who belongs next door too, and two whose tokens outlived their rights."""
    admin = town.hilltop.who[Role.ADMIN]
    for who, here, there in [
        ("LAB and PRIVACY_OFFICER", [Role.LAB, Role.PRIVACY_OFFICER], []),
        ("LAB, next door ADMIN", [Role.LAB], [Role.ADMIN]),
        ("removed", [Role.ADMIN], []),
        ("disabled", [Role.ADMIN], []),
    ]:
        name = f"new-{new_id().hex}"
        account = make_account(username=name, email="", password=PASSWORD, now=now())
        member = add_membership(by=admin, account=account, roles=here, now=now())
        if there:
            add_membership(by=town.riverside.who[Role.ADMIN], account=account, roles=there, now=now())
        _admit(world, who, begin(by=Caller(), account=account, membership=member, mfa_at=now(), now=now()).access)
        if who == "removed":
            remove_membership(by=admin, membership_id=member.id, now=now())
        if who == "disabled":
            disable_account(by=OPERATOR, account_id=account.id, now=now())
    for who in OUTCASTS:
        del world.callers[who]


def renewed(caller: Caller, now: datetime) -> str:
    """Another access token of the same session, with the second factor shown just now."""
    session = Session.objects.select_related("account").get(id=caller.session_id or NIL)
    session.mfa_at = now
    membership = Membership.objects.filter(id=caller.membership_id or NIL).first()
    return issue(session, session.account, membership, now)


def browser(token: str, csrf: str, origin: str = "http://testserver") -> Client:
    """A browser that has signed in, on a page of that origin."""
    client = Client(headers={"origin": origin, "x-csrf-token": csrf})
    client.cookies[ACCESS] = token
    return client


def _registered(clinic: Clinic, role: Role) -> Membership:
    name = f"new-{new_id().hex}"
    return register(
        by=Caller(), organization=clinic.organization, username=name, email=f"{name}@example.org", password=PASSWORD,
        role=role, person=Claimant("Yeboah", "Adwoa", "1980"), now=now(),
    )  # fmt: skip


def _furnish(world: World, clinic: Clinic, whose: Whose) -> None:
    admin = clinic.who[Role.ADMIN]
    if whose is Whose.MINE:
        world.newcomer = _employed(clinic)
    things = {Thing.PATIENT: clinic.patient_id, Thing.PROVIDER: clinic.doctor_id, Thing.ORGANIZATION: clinic.id}
    things[Thing.MEMBERSHIP] = clinic.who[Role.LAB].membership_id or NIL
    things[Thing.SESSION] = verified(clinic.tokens[Role.LAB]).caller.session_id or NIL
    others = {Thing.PATIENT: clinic.other_patient_id}
    with inside(clinic.id):
        things[Thing.DEPARTMENT] = save_department(
            by=admin, department_id=None, name="Heart", kind="department", parent_id=None, active=True, if_match=None,
            now=now(),
        ).id  # fmt: skip
        begin_work(
            by=admin, provider_id=clinic.doctor_id, department_id=things[Thing.DEPARTMENT], since=None,
            until=None, now=now(),
        )  # fmt: skip
        ward = save_department(
            by=admin, department_id=None, name="Ward", kind="department", parent_id=None, active=True, if_match=None,
            now=now(),
        )  # fmt: skip
        clinic.ward_id = ward.id
        things[Thing.LABORATORY] = _laboratory(admin, "Heart", _technicians(world, clinic))
        others[Thing.LABORATORY] = _laboratory(admin, "Lung", [world.newcomer] if whose is Whose.MINE else [])
        things[Thing.REFERENCE_RANGE] = save_range(
            by=admin, range_id=None, said=RangeSaid(code="718-7", unit="g/dL"), if_match=None, now=now()
        ).id
        things[Thing.RECORD] = _noted(admin, clinic.patient_id)
        things[Thing.ATTACHMENT] = _attached(admin, things[Thing.RECORD])
        things[Thing.SIGNED] = _signed(admin, clinic.patient_id)
        assign(by=admin, patient_id=clinic.other_patient_id, provider_id=clinic.other_doctor_id, now=now())
        long_ago = now() - timedelta(hours=2)
        things[Thing.GLASS] = break_glass(
            by=clinic.who[Role.DOCTOR], patient_id=clinic.other_patient_id, reason="An emergency", now=long_ago
        ).id
        others[Thing.RECORD] = _noted(admin, clinic.other_patient_id)
        others[Thing.ATTACHMENT] = _attached(admin, others[Thing.RECORD])
        others[Thing.SIGNED] = _signed(admin, clinic.other_patient_id)
        things |= _examined(admin, things[Thing.LABORATORY], clinic.patient_id)
        others |= _examined(admin, others[Thing.LABORATORY], clinic.other_patient_id)
        things |= _promised(admin, clinic.doctor_id, clinic.patient_id) | _offered(admin)
        others |= _promised(admin, clinic.other_doctor_id, clinic.other_patient_id)
        for each, patient_id in ((things, clinic.patient_id), (others, clinic.other_patient_id)):
            each[Thing.SCREENING] = _screened(patient_id, each[Thing.LABORATORY])
        things[Thing.BATCH] = batch_of(things[Thing.LABORATORY], clinic.who[Role.DOCTOR]).id
        others[Thing.BATCH] = batch_of(others[Thing.LABORATORY], admin).id
    with inside(clinic.id):
        things[Thing.EVENT] = _newest(CLINICAL)
    world.things |= {(thing, whose): id for thing, id in things.items()}
    if whose is Whose.MINE:
        world.things |= {(thing, Whose.ANOTHERS): id for thing, id in others.items()}


def _employed(clinic: Clinic) -> UUID:
    """A member with the role LAB, to whose address nothing is mailed."""
    account = make_account(username=f"new-{new_id().hex}", email=SUPPRESSED, password=PASSWORD, now=now())
    add_membership(by=clinic.who[Role.ADMIN], account=account, roles=[Role.LAB], now=now())
    return account.id


def _technicians(world: World, clinic: Clinic) -> list[UUID]:
    """Everybody who works at the clinic's laboratory."""
    everybody = [*world.callers.values(), clinic.who[Role.LAB]]
    here = {each.account_id for each in everybody if each.organization_id == clinic.id and Role.LAB in each.roles}
    return [account_id for account_id in here if account_id]


def _laboratory(by: Caller, name: str, technicians: list[UUID]) -> UUID:
    laboratory = save_laboratory(
        by=by, laboratory_id=None, name=name, code=name.lower(), active=True, if_match=None, now=now()
    )
    for each in technicians:
        add_staff(by=by, laboratory_id=laboratory.id, account_id=each, now=now())
    return laboratory.id


def _screened(patient_id: UUID, laboratory_id: UUID) -> UUID:
    at: dict[str, Any] = {"made_at": now(), "decided_at": now(), "released_at": now()}
    return screened(patient_id, laboratory_id=laboratory_id, mode="clinical", decision="accepted", **at).id


def _examined(by: Caller, laboratory_id: UUID, patient_id: UUID) -> dict[Thing, UUID]:
    """Specimens of a patient at a laboratory, and what was found in one of them."""
    at = now() - AGO

    def specimen(number: str, received_at: datetime | None) -> UUID:
        said = SpecimenSaid(
            laboratory_id=laboratory_id, patient_id=patient_id, number=number, kind=Code("", "BLD"), collected_at=at,
            received_at=received_at,
        )  # fmt: skip
        return register_specimen(by=by, said=said, now=now()).id

    ids = {Thing.ANNOUNCED: specimen("1", None), Thing.SPECIMEN: specimen("2", at)}
    found = ReportSaid(found=[Found(code="718-7", name="Hemoglobin", value=Decimal(14), unit="g/dL")])
    for thing in (Thing.DRAFT, Thing.REPORT):
        ids[thing] = create_report(by=by, specimen_id=specimen(thing.value, at), said=found, now=now()).id
    release_report(by=by, report_id=ids[Thing.REPORT], if_match=None, now=now())
    return ids


def _told(clinic: Clinic, account_id: UUID | None) -> UUID:
    with inside(clinic.id):
        notify(
            kind=Kind.ASSIGNED, to=[account_id or NIL], resource="patients", resource_id=clinic.patient_id, now=now()
        )
    with inside(clinic.id):
        return Notification.objects.latest("id").id


def _noted(by: Caller, patient_id: UUID) -> UUID:
    patient = patient_within(by, Scope.ORGANIZATION, patient_id)
    return write_record(
        by=by, patient=patient, statement=Statement(record_type=RecordType.NOTE, title="Cough"), now=now()
    ).id


def _attached(by: Caller, record_id: UUID) -> UUID:
    file, receiver = arrived(PNG)
    return attach(
        by=by, record=record_for(by, record_id), file_id=file.id, name="scan.png", manifest=receiver.finish(), now=now()
    ).attachment.id


def _signed(by: Caller, patient_id: UUID) -> UUID:
    record = record_for(by, _noted(by, patient_id), "sign")
    sign_record(by=by, record=record, now=now())
    return record.id


def _promised(by: Caller, doctor_id: UUID, patient_id: UUID) -> dict[Thing, UUID]:
    """Appointments of a doctor who receives at every hour, each come to stand elsewhere."""
    always = {day: [Hours(time(0), time(0))] for day in WEEKDAYS}
    set_availability(by=by, provider_id=doctor_id, said=Received("Europe/Berlin", 30, always), if_match=None, now=now())
    noon = datetime.combine(now().date(), time(12))
    ids = {
        thing: book(
            by=by, provider_id=doctor_id, patient_id=patient_id, wall=noon + timedelta(days=days), now=now() - AGO
        ).appointment.id
        for thing, days in {Thing.APPOINTMENT: 4, Thing.BEGUN: -2, Thing.PRESENT: -3, Thing.MISSED: -4}.items()
    }
    proceed(by=by, appointment_id=ids[Thing.PRESENT], step=Step.CHECK_IN, if_match=None, now=now())
    no_show(by=by, appointment_id=ids[Thing.MISSED], if_match=None, now=now())
    kind = AppointmentType.objects.create(name=str(patient_id), minutes=30, hold_minutes=120, needs_approval=True)
    wish: dict[str, Any] = {"provider_id": doctor_id, "patient_id": patient_id, "type_id": kind.id, "now": now()}
    patient = replace(by, roles=frozenset({Role.PATIENT}), patient_id=patient_id)
    ids[Thing.HOLD] = hold(by=by, wall=noon + timedelta(days=7), **wish).id
    ids[Thing.PENDING] = book(by=patient, wall=noon + timedelta(days=8), **wish).appointment.id
    wanted = Wanted(date(2031, 7, 1), date(2031, 7, 1), provider_id=doctor_id, type_id=kind.id)
    ids[Thing.WAITING] = join(by=by, patient_id=patient_id, wanted=wanted, now=now()).id
    days = [(now() + timedelta(days=days)).date() for days in (20, 27)]
    weekly = book_series(
        by=by, provider_id=doctor_id, patient_id=patient_id, days=days, clock=time(12), conflict=OnConflict.FAIL,
        now=now(),
    )  # fmt: skip
    [series_id] = {each.appointment.series_id for each in weekly if each.appointment}
    return ids | {Thing.SERIES: series_id or NIL}


def _offered(by: Caller) -> dict[Thing, UUID]:
    """What can be booked, where, and when not."""
    kind = save_type(by=by, type_id=None, said=TypeSaid(name="First visit", minutes=45), if_match=None, now=now())
    room = save_room(by=by, room_id=None, said=RoomSaid(name="Ultrasound"), if_match=None, now=now())
    noon = datetime.combine(date(2032, 1, 1), time(12))
    new_year = HolidaySaid(title="New Year", start=noon, end=noon + timedelta(days=1))
    holiday = save_holiday(by=by, holiday_id=None, said=new_year, if_match=None, now=now()).holiday.closure
    rule = save_rule(by=by, rule_id=None, said=RuleSaid(minutes_before=1440), if_match=None, now=now())
    return {
        Thing.TYPE: kind.id, Thing.ROOM: room.id, Thing.HOLIDAY: holiday.id, Thing.REMINDER_RULE: rule.id
    }  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    """What happens in the block is taken back at its end, so that the next caller finds the same world."""
    with atomic(ACCOUNTS), atomic(CLINICAL):
        yield
        roll_back(CLINICAL)
        roll_back(ACCOUNTS)
    revocations.take_effect()


def _newest(alias: str) -> UUID:
    """An event of that trail."""
    newest: UUID = Event.objects.using(alias).latest("id").id
    return newest


def events_of(clinic: Clinic) -> int:
    """How many events the clinic's own trail and the platform's hold."""
    with inside(clinic.id):
        own = Event.objects.using(CLINICAL).count()
    return own + Event.objects.using(ACCOUNTS).count()
