"""What the matrix must know of each operation beyond the API itself: which object it is about, and a body that fits.

An operation that is missing here fails the suite, so that none is added unwatched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile

from chiron.files.tests.factories import PNG
from chiron.kernel.clock import now
from chiron.screening.shapes import COUNT
from chiron.screening.tests.factories import counts_of
from tests.matrix.world import SUPPRESSED, Thing, World
from tests.town import PASSWORD

METRIC = "screening.volume"
"""What everybody may ask for whom the policy lets ask for any metric."""

Body = Callable[[World, UUID], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row. ``thing`` is what its path, or where the path names nothing its body, is about.

    ``body`` is sent as a form where it holds a file. ``events`` is how many events a success leaves in both trails
    together; reads of what is public within an organization leave none. ``beyond_the_policy`` are roles that the policy
    lets in and a rule of the verb refuses. ``lists`` is what a list shows to whoever may see it. ``words`` are those of
    its query that it cannot do without.
    """

    thing: Thing | None = None
    body: Body | None = None
    events: int = 1
    beyond_the_policy: frozenset[str] = frozenset()
    lists: Thing | None = None
    words: dict[str, str] | None = None


def fixed(**body: Any) -> Body:
    """The same body whatever the object."""
    return lambda world, thing_id: body


def sent(body: dict[str, Any] | None) -> dict[str, Any]:
    """How a test client is told to send that body: as a form where it holds a file, else as JSON."""
    if body is None:
        return {}
    if "file" not in body:
        return {"data": body, "content_type": "application/json"}
    body["file"].seek(0)
    return {"data": body}


def in_days(days: int) -> dict[str, Any]:
    """A time of the clock at which everybody is free."""
    return {"appointment_date": str((now() + timedelta(days=days)).date()), "start_time": "12:00"}


PERSON = fixed(family="Adjei", given=["Abena"])
HOURS = fixed(available_days={"monday": [["09:00", "12:00"]]}, time_zone="Europe/Berlin")
HOLIDAY = fixed(**{"from": "2031-12-31T12:00", "until": "2032-01-02T00:00"}, title="New Year")
NOTE = {"record_type": "NOTE", "title": "Cough"}
SAMPLE = {"number": "4711", "type": {"system": "", "code": "BLD"}, "collected_at": "2026-05-04T08:15:00+02:00"}
RESULT = {"code": "718-7", "name": "Hemoglobin", "value": 13.2, "unit": "g/dL"}

OPERATIONS: dict[str, Operation] = {
    "GET /api/auth/sessions": Operation(events=0, lists=Thing.SESSION),
    "GET /api/auth/csrf": Operation(events=0),
    "POST /api/auth/email/verify/send": Operation(),
    "POST /api/auth/authorize": Operation(body=fixed(resource="patients", action="read"), events=0),
    "DELETE /api/auth/sessions/{session_id}": Operation(Thing.SESSION),
    "POST /api/auth/logout": Operation(),
    "POST /api/auth/logout-all": Operation(),
    "POST /api/auth/mfa/setup": Operation(body=fixed(password=PASSWORD)),
    "POST /api/auth/mfa/step-up": Operation(body=fixed(code="123456")),
    "POST /api/auth/mfa/disable": Operation(body=fixed(password=PASSWORD, code="123456")),
    "POST /api/auth/mfa/backup-codes": Operation(body=fixed(password=PASSWORD, code="123456")),
    "POST /api/auth/password/change": Operation(body=fixed(old_password=PASSWORD, password="nine calm lions")),
    "GET /api/notifications/stream": Operation(),
    "GET /api/users/me": Operation(events=0),
    "PUT /api/users/me": Operation(body=fixed(email="abena@example.org", password=PASSWORD)),
    "GET /api/users/doctors": Operation(),
    "GET /api/users/patients": Operation(),
    "GET /api/memberships": Operation(lists=Thing.MEMBERSHIP),
    "POST /api/memberships": Operation(
        body=fixed(username="abena", email="a@example.org", password="seven tired donkeys", roles=["LAB"])
    ),
    "GET /api/memberships/{membership_id}": Operation(Thing.MEMBERSHIP),
    "PATCH /api/memberships/{membership_id}": Operation(Thing.MEMBERSHIP, fixed(roles=["LAB", "BILLER"])),
    "DELETE /api/memberships/{membership_id}": Operation(Thing.MEMBERSHIP),
    "POST /api/memberships/{membership_id}/mfa-reset": Operation(Thing.MEMBERSHIP),
    "GET /api/reminder-rules": Operation(events=0, lists=Thing.REMINDER_RULE),
    "POST /api/reminder-rules": Operation(body=fixed(minutes_before=60)),
    "PUT /api/reminder-rules/{rule_id}": Operation(Thing.REMINDER_RULE, fixed(minutes_before=60)),
    "DELETE /api/reminder-rules/{rule_id}": Operation(Thing.REMINDER_RULE),
    "GET /api/reminders": Operation(),
    "GET /api/mail/suppressions": Operation(),
    "POST /api/mail/suppressions/lift": Operation(body=fixed(email=SUPPRESSED)),
    "GET /api/organizations": Operation(events=0, lists=Thing.ORGANIZATION),
    "POST /api/organizations": Operation(body=fixed(slug="hilltop", name="A slug that is taken")),
    "GET /api/organizations/{organization_id}": Operation(Thing.ORGANIZATION, events=0),
    "PATCH /api/organizations/{organization_id}": Operation(Thing.ORGANIZATION, fixed(name="Hilltop Clinics")),
    "GET /api/notifications": Operation(events=0, lists=Thing.NOTIFICATION),
    "GET /api/doctors/notifications": Operation(events=0, lists=Thing.NOTIFICATION),
    "GET /api/notifications/unread": Operation(events=0),
    "POST /api/notifications/{notification_id}/read": Operation(Thing.NOTIFICATION),
    "POST /api/notifications/read_all": Operation(),
    "GET /api/notifications/preferences": Operation(events=0),
    "PUT /api/notifications/preferences": Operation(
        body=fixed(preferences=[{"kind": "appointment.booked", "channel": "email", "on": False}])
    ),
    "GET /api/patients": Operation(lists=Thing.PATIENT),
    "POST /api/patients/search": Operation(body=fixed(name="Mensah")),
    "POST /api/patients": Operation(body=PERSON),
    "GET /api/patients/{patient_id}": Operation(Thing.PATIENT),
    "PUT /api/patients/{patient_id}": Operation(Thing.PATIENT, PERSON, beyond_the_policy=frozenset({"PATIENT"})),
    "PATCH /api/patients/{patient_id}": Operation(Thing.PATIENT, fixed(language="tw")),
    "POST /api/patients/{patient_id}/assignments": Operation(
        Thing.PATIENT, lambda world, _: {"doctor_id": str(world.hilltop.other_doctor_id)}
    ),
    "GET /api/patients/{patient_id}/assignments": Operation(Thing.PATIENT),
    "DELETE /api/patients/{patient_id}/assignments/{doctor_id}": Operation(Thing.PATIENT),
    "POST /api/patients/{patient_id}/break-glass": Operation(
        Thing.PATIENT, fixed(reason="Unconscious, allergies unknown")
    ),
    "GET /api/break-glass": Operation(lists=Thing.GLASS),
    "POST /api/break-glass/{glass_id}/acknowledge": Operation(Thing.GLASS),
    "POST /api/patients/{patient_id}/link": Operation(
        Thing.PATIENT, lambda world, _: {"account_id": str(world.claimant)}, events=2
    ),
    "DELETE /api/patients/{patient_id}/link": Operation(Thing.PATIENT, events=2),
    "POST /api/patients/{patient_id}/erase": Operation(
        Thing.PATIENT, fixed(reason="Asked for by the patient"), events=2
    ),
    "GET /api/patients/{patient_id}/access-log": Operation(Thing.PATIENT),
    "GET /api/claims": Operation(),
    "GET /api/patients/duplicates": Operation(),
    "GET /api/doctors/my_patients": Operation(lists=Thing.PATIENT),
    "GET /api/doctors/patients": Operation(lists=Thing.PATIENT),
    "POST /api/doctors/annotations": Operation(
        Thing.RECORD, lambda world, thing_id: {"record_id": str(thing_id), "content": "Better"}
    ),
    "GET /api/providers": Operation(lists=Thing.PROVIDER),
    "POST /api/providers": Operation(body=PERSON),
    "GET /api/providers/{provider_id}": Operation(Thing.PROVIDER),
    "PUT /api/providers/{provider_id}": Operation(Thing.PROVIDER, PERSON),
    "GET /api/providers/{provider_id}/departments": Operation(Thing.PROVIDER, events=0),
    "POST /api/providers/{provider_id}/departments": Operation(
        Thing.PROVIDER, lambda world, _: {"department_id": str(world.hilltop.ward_id)}
    ),
    "DELETE /api/providers/{provider_id}/departments/{department_id}": Operation(Thing.PROVIDER),
    "GET /api/doctors": Operation(lists=Thing.PROVIDER),
    "POST /api/doctors": Operation(body=PERSON),
    "GET /api/doctors/{doctor_id}": Operation(Thing.PROVIDER),
    "PUT /api/doctors/{doctor_id}": Operation(Thing.PROVIDER, PERSON),
    "GET /api/departments": Operation(events=0, lists=Thing.DEPARTMENT),
    "POST /api/departments": Operation(body=fixed(name="Surgery")),
    "GET /api/departments/{department_id}": Operation(Thing.DEPARTMENT, events=0),
    "PUT /api/departments/{department_id}": Operation(Thing.DEPARTMENT, fixed(name="Surgery")),
    "DELETE /api/departments/{department_id}": Operation(Thing.DEPARTMENT),
    "GET /api/labs": Operation(events=0, lists=Thing.LABORATORY),
    "POST /api/labs": Operation(body=fixed(name="Blood", code="b2")),
    "GET /api/labs/{laboratory_id}": Operation(Thing.LABORATORY, events=0),
    "PUT /api/labs/{laboratory_id}": Operation(Thing.LABORATORY, fixed(name="Blood", code="b2")),
    "GET /api/labs/{laboratory_id}/staff": Operation(Thing.LABORATORY),
    "POST /api/labs/{laboratory_id}/staff": Operation(
        Thing.LABORATORY, lambda world, _: {"account_id": str(world.newcomer)}
    ),
    "DELETE /api/labs/{laboratory_id}/staff/{account_id}": Operation(Thing.LABORATORY),
    "GET /api/specimens": Operation(lists=Thing.SPECIMEN),
    "POST /api/specimens": Operation(
        Thing.LABORATORY,
        lambda world, thing_id: SAMPLE | {"lab_id": str(thing_id), "patient_id": str(world.hilltop.patient_id)},
    ),
    "GET /api/specimens/{specimen_id}": Operation(Thing.SPECIMEN),
    "POST /api/specimens/{specimen_id}/receive": Operation(Thing.ANNOUNCED, fixed(received_at=None)),
    "POST /api/specimens/{specimen_id}/reject": Operation(Thing.SPECIMEN, fixed(reason="Clotted")),
    "GET /api/lab-reports": Operation(lists=Thing.REPORT),
    "POST /api/lab-reports": Operation(
        Thing.SPECIMEN, lambda world, thing_id: {"specimen_id": str(thing_id), "results": [RESULT]}
    ),
    "GET /api/lab-reports/{report_id}": Operation(Thing.REPORT),
    "PUT /api/lab-reports/{report_id}": Operation(Thing.DRAFT, fixed(results=[RESULT])),
    "POST /api/lab-reports/{report_id}/release": Operation(Thing.DRAFT, events=2),
    "POST /api/lab-reports/{report_id}/amend": Operation(
        Thing.REPORT, fixed(results=[RESULT], reason="Swapped"), events=3
    ),
    "POST /api/lab-reports/{report_id}/withdraw": Operation(Thing.REPORT, fixed(reason="Swapped"), events=2),
    "GET /api/records": Operation(lists=Thing.RECORD),
    "POST /api/records": Operation(Thing.PATIENT, lambda world, thing_id: NOTE | {"patient_id": str(thing_id)}),
    "GET /api/records/{record_id}": Operation(Thing.RECORD),
    "PUT /api/records/{record_id}": Operation(
        Thing.RECORD,
        fixed(**NOTE),
        beyond_the_policy=frozenset({"PATIENT"}),  # who changes only what they wrote themselves
    ),
    "DELETE /api/records/{record_id}": Operation(Thing.RECORD),
    "GET /api/records/{record_id}/versions": Operation(Thing.RECORD),
    "POST /api/records/{record_id}/versions/{version}/restore": Operation(
        Thing.RECORD, fixed(reason="It was right"), beyond_the_policy=frozenset({"PATIENT"})
    ),
    "GET /api/records/{record_id}/diff": Operation(Thing.RECORD),
    "POST /api/screening/classify": Operation(body=fixed(age=67, sex="female", cbc=COUNT)),
    "GET /api/screening/models": Operation(events=0),
    "GET /api/screening/models/{content_hash}": Operation(events=0),
    "PATCH /api/screening/models/{content_hash}": Operation(
        body=fixed(state="validated", person="Dr Osei", reason="Measured here")
    ),
    "POST /api/screening/models/{content_hash}/rollback": Operation(body=fixed(person="Dr Osei", reason="It is worse")),
    "GET /api/screening/prevalence": Operation(events=0),
    "PUT /api/screening/prevalence": Operation(body=fixed(share=0.05, source="Measured here")),
    "GET /api/reference-ranges": Operation(lists=Thing.REFERENCE_RANGE),
    "POST /api/reference-ranges": Operation(body=fixed(code="4548-4", unit="%", high=5.6)),
    "GET /api/reference-ranges/{range_id}": Operation(Thing.REFERENCE_RANGE),
    "PUT /api/reference-ranges/{range_id}": Operation(Thing.REFERENCE_RANGE, fixed(code="4548-4", unit="%", high=5.6)),
    "DELETE /api/reference-ranges/{range_id}": Operation(Thing.REFERENCE_RANGE),
    "GET /api/providers/{provider_id}/clearances": Operation(Thing.PROVIDER),
    "PUT /api/providers/{provider_id}/clearances": Operation(Thing.PROVIDER, fixed(labels=["PSY"])),
    "POST /api/records/{record_id}/sign": Operation(
        Thing.RECORD,
        beyond_the_policy=frozenset({"DOCTOR"}),  # who signs only what they wrote themselves
    ),
    "POST /api/records/{record_id}/addenda": Operation(
        Thing.RECORD, fixed(content="It was the left ear"), beyond_the_policy=frozenset({"PATIENT"})
    ),
    "GET /api/records/{record_id}/signature": Operation(Thing.SIGNED),
    "GET /api/records/{record_id}/annotations": Operation(Thing.RECORD),
    "POST /api/records/{record_id}/add_annotation": Operation(Thing.RECORD, fixed(content="Better")),
    "GET /api/records/{record_id}/attachments": Operation(Thing.RECORD),
    "POST /api/records/{record_id}/attachments": Operation(
        Thing.RECORD,
        lambda world, _: {"file": SimpleUploadedFile("scan.png", PNG)},
        beyond_the_policy=frozenset({"PATIENT"}),  # who attaches only to what they wrote themselves
    ),
    "GET /api/attachments/{attachment_id}": Operation(Thing.ATTACHMENT),
    "POST /api/attachments/{attachment_id}/link": Operation(Thing.ATTACHMENT),
    "DELETE /api/attachments/{attachment_id}": Operation(Thing.ATTACHMENT),
    "GET /api/doctors/availability": Operation(events=0),
    "PUT /api/doctors/availability": Operation(body=HOURS),
    "GET /api/doctors/{doctor_id}/availability": Operation(Thing.PROVIDER, events=0),
    "PUT /api/doctors/{doctor_id}/availability": Operation(Thing.PROVIDER, HOURS),
    "GET /api/appointments/available_doctors": Operation(events=0, words={"date": in_days(5)["appointment_date"]}),
    "GET /api/doctors/{doctor_id}/affected": Operation(Thing.PROVIDER),
    "GET /api/holidays": Operation(events=0, lists=Thing.HOLIDAY),
    "POST /api/holidays": Operation(body=HOLIDAY),
    "GET /api/holidays/{holiday_id}": Operation(Thing.HOLIDAY, events=0),
    "PUT /api/holidays/{holiday_id}": Operation(Thing.HOLIDAY, HOLIDAY),
    "DELETE /api/holidays/{holiday_id}": Operation(Thing.HOLIDAY),
    "GET /api/holidays/{holiday_id}/affected": Operation(Thing.HOLIDAY),
    "GET /api/doctors/{doctor_id}/proposal": Operation(Thing.PROVIDER),
    "POST /api/appointments/move": Operation(
        Thing.APPOINTMENT, lambda world, thing_id: {"moves": [in_days(33) | {"id": str(thing_id)}]}, events=2
    ),
    "POST /api/appointments/decide": Operation(
        Thing.APPOINTMENT, lambda world, thing_id: {"choice": "keep", "appointments": [{"id": str(thing_id)}]}
    ),
    "GET /api/appointment-types": Operation(events=0, lists=Thing.TYPE),
    "POST /api/appointment-types": Operation(body=fixed(name="Check-up", minutes=20)),
    "GET /api/appointment-types/{type_id}": Operation(Thing.TYPE, events=0),
    "PUT /api/appointment-types/{type_id}": Operation(Thing.TYPE, fixed(name="Check-up", minutes=20)),
    "GET /api/rooms": Operation(events=0, lists=Thing.ROOM),
    "POST /api/rooms": Operation(body=fixed(name="Laser")),
    "GET /api/rooms/{room_id}": Operation(Thing.ROOM, events=0),
    "PUT /api/rooms/{room_id}": Operation(Thing.ROOM, fixed(name="Laser")),
    "POST /api/appointments/book": Operation(
        Thing.PATIENT,
        lambda world, thing_id: in_days(5) | {"doctor_id": str(world.hilltop.doctor_id), "patient_id": str(thing_id)},
        events=2,
    ),
    "POST /api/appointments/hold": Operation(
        Thing.PATIENT,
        lambda world, thing_id: in_days(5) | {"doctor_id": str(world.hilltop.doctor_id), "patient_id": str(thing_id)},
    ),
    "POST /api/appointments/{appointment_id}/confirm": Operation(Thing.HOLD, events=2),
    "POST /api/appointments/{appointment_id}/approve": Operation(Thing.PENDING, events=2),
    "POST /api/appointments/{appointment_id}/decline": Operation(Thing.PENDING, fixed(reason="Full"), events=2),
    "POST /api/appointments/waitlist": Operation(
        Thing.PATIENT,
        lambda world, thing_id: {"from": "2031-07-01", "until": "2031-07-01", "patient_id": str(thing_id)},
    ),
    "GET /api/appointments/waitlist": Operation(lists=Thing.WAITING),
    "GET /api/appointments/waitlist/{entry_id}": Operation(Thing.WAITING),
    "POST /api/appointments/waitlist/{entry_id}/leave": Operation(Thing.WAITING),
    "PUT /api/appointments/waitlist/{entry_id}/priority": Operation(Thing.WAITING, fixed(priority=2)),
    "POST /api/appointments/series": Operation(
        Thing.PATIENT,
        lambda world, thing_id: (
            in_days(40) | {"doctor_id": str(world.hilltop.doctor_id), "patient_id": str(thing_id), "count": 2}
        ),
        events=4,
    ),
    "POST /api/appointments/series/{series_id}/cancel": Operation(Thing.SERIES, fixed(reason="Well again"), events=4),
    "POST /api/appointments/feed": Operation(),
    "GET /api/appointments/feed": Operation(events=0),
    "DELETE /api/appointments/feed": Operation(),
    "GET /api/appointments": Operation(lists=Thing.APPOINTMENT),
    "GET /api/appointments/{appointment_id}": Operation(Thing.APPOINTMENT),
    "GET /api/appointments/{appointment_id}/changes": Operation(Thing.APPOINTMENT),
    "POST /api/appointments/{appointment_id}/reschedule": Operation(
        Thing.APPOINTMENT, lambda world, _: in_days(6), events=2
    ),
    "POST /api/appointments/{appointment_id}/cancel": Operation(Thing.APPOINTMENT, fixed(reason="Ill"), events=2),
    "POST /api/appointments/{appointment_id}/check_in": Operation(Thing.BEGUN, events=2),
    "POST /api/appointments/{appointment_id}/complete": Operation(Thing.PRESENT, events=2),
    "POST /api/appointments/{appointment_id}/no_show": Operation(Thing.BEGUN, events=2),
    "DELETE /api/appointments/{appointment_id}/no_show": Operation(Thing.MISSED, events=2),
    "GET /api/analytics": Operation(events=0),
    "GET /api/analytics/{metric}": Operation(events=0),
    "GET /api/analytics/{metric}/export": Operation(),
    "GET /api/audit": Operation(),
    "GET /api/audit/export": Operation(),
    "GET /api/audit/head": Operation(events=0),
    "GET /api/audit/{event_id}/proof": Operation(Thing.EVENT),
    "GET /api/screening/history": Operation(lists=Thing.SCREENING),
    "GET /api/patients/{patient_id}/screening-optout": Operation(Thing.PATIENT),
    "PUT /api/patients/{patient_id}/screening-optout": Operation(Thing.PATIENT, fixed(opted_out=True)),
    "POST /api/screening/batches": Operation(
        body=lambda world, _: {"file": SimpleUploadedFile("counts.csv", counts_of(1))}
    ),
    "GET /api/screening/batches": Operation(lists=Thing.BATCH),
    "GET /api/screening/batches/{batch_id}": Operation(Thing.BATCH),
    "GET /api/screening/batches/{batch_id}/errors": Operation(Thing.BATCH),
    "GET /api/screening/batches/{batch_id}/errors.csv": Operation(Thing.BATCH),
    "GET /api/screening/export": Operation(),
    "GET /api/screening/shadow": Operation(events=0),
    "GET /api/screening/drift": Operation(events=0),
    "GET /api/screening/outcomes": Operation(events=0),
    "GET /api/screening/{screening_id}/fhir": Operation(Thing.SCREENING),
    "GET /api/screening/{screening_id}": Operation(Thing.SCREENING),
    "POST /api/screening/{screening_id}/decision": Operation(Thing.SCREENING, fixed(decision="accepted")),
    "POST /api/screening/{screening_id}/release": Operation(Thing.SCREENING),
}
