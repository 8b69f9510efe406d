"""The floor of booking: what a promise of time must ask, wait for and write at least, by hand on psycopg."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from bench.floor import MINE, Floor, Start, answer

SCHEDULE = """SELECT s.id, s.time_zone, s.slot_minutes, s.weekly FROM scheduling_schedule s
    JOIN registry_provider p ON p.id = s.provider_id WHERE s.provider_id = %s AND p.active"""
PROMISED = """SELECT EXISTS (SELECT FROM scheduling_reservation r
    JOIN scheduling_appointment a ON a.provider_time_id = r.id
    LEFT JOIN scheduling_appointmenttype t ON t.id = a.type_id
    WHERE r.of = 'provider' AND r.number = %s AND r.starts_at < %s AND r.ends_at > %s
    AND a.status IN ('booked', 'checked-in', 'fulfilled') AND (a.type_id IS NULL OR t.capacity = 1)) AS promised"""
EXPIRED = """SELECT a.id FROM scheduling_appointment a JOIN registry_provider d ON d.id = a.provider_id
    JOIN registry_patient p ON p.id = a.patient_id
    WHERE a.status = 'held' AND a.held_until <= %s AND (d.number = ANY(%s) OR p.number = ANY(%s))"""
TURNS = "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) FROM unnest(%s::text[]) key"
CLOSED = """SELECT provider_id, department_id, from_day, from_time, until_day, until_time FROM scheduling_closure
    WHERE from_day <= %s AND until_day >= %s AND (provider_id = %s OR provider_id IS NULL)"""
EXTRA = 'SELECT day, start, "end" FROM scheduling_extrahours WHERE provider_id = %s AND day BETWEEN %s AND %s'
WORK = "SELECT department_id, since, until FROM registry_providerdepartment WHERE provider_id = %s"
TAKEN = """SELECT starts_at, ends_at FROM scheduling_reservation
    WHERE of = 'provider' AND number = %s AND starts_at < %s AND ends_at > %s"""
RESERVE = """INSERT INTO scheduling_reservation (id, of, number, starts_at, ends_at)
    VALUES (%s, 'patient', %s, %s, %s), (%s, 'provider', %s, %s, %s)"""
INSERT_RECORD = """INSERT INTO records_record (id, version, recorded_at, updated_at, patient_id, record_type,
    resource_type, status, clinical_status, codes, code_keys, occurred_at, occurred_end, occurred_precision,
    timeline_at, quantity_unit, quantity_code, author_account, author_provider_id, changed_by, labels, text)
    VALUES (%s, 1, %s, %s, %s, 'APPOINTMENT', '', 'active', 'booked', '[]', '{}', %s, %s, 'instant', %s, '', '',
    %s, %s, %s, '{}', %s)"""
INSERT_APPOINTMENT = """INSERT INTO scheduling_appointment (id, version, recorded_at, updated_at, status, provider_id,
    patient_id, starts_at, ends_at, zone, agreed_day, agreed_time, decided, seat, moves, record_id, booked_by, late,
    provider_time_id, patient_time_id)
    VALUES (%s, 1, %s, %s, 'booked', %s, %s, %s, %s, %s, %s, %s, '', 0, 0, %s, %s, false, %s, %s)"""
INSERT_CHANGE = """INSERT INTO scheduling_appointmentchange (id, appointment_id, version, status, starts_at,
    provider_id, at, account_id) VALUES (%s, %s, 1, 'booked', %s, %s, %s, %s)"""
CONCERNED = """SELECT m.account_id FROM identity_membership m JOIN identity_account a ON a.id = m.account_id
    WHERE m.organization_id = %s AND (m.patient_id = %s OR m.provider_id = %s) AND a.is_active"""
REMINDERS = "SELECT id FROM scheduling_reminderrule WHERE type_id IS NULL"
BUSY = {"type": "/problems/doctor-busy", "title": "The doctor is not free at that time.", "status": 409}


class BookingFloor(Floor):
    """Answers bookings of a doctor's own patients, for one organization."""

    def book(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        claims, said = self.caller(environ), orjson.loads(environ["wsgi.input"].read())
        patient_id, provider_id, now = UUID(said["patient_id"]), UUID(said["doctor_id"]), datetime.now(UTC)
        wall = datetime.fromisoformat(f"{said['appointment_date']}T{said['start_time']}")
        run = self.begin()
        found = f"SELECT p.number FROM registry_patient p WHERE p.id = %s AND {MINE}"
        patient = run(found, [patient_id, *self.mine]).fetchone()["number"]
        doctors = "SELECT number FROM registry_provider WHERE id = %s AND role = 'doctor' AND active"
        doctor = run(doctors, [provider_id]).fetchone()["number"]
        schedule = run(SCHEDULE, [provider_id]).fetchone()
        starts_at = wall.replace(tzinfo=ZoneInfo(schedule["time_zone"]))
        ends_at = starts_at + timedelta(minutes=schedule["slot_minutes"])
        if run(PROMISED, [doctor, ends_at, starts_at]).fetchone()["promised"]:
            return self.refuse(claims, patient_id, start)
        numbers = [doctor, patient]
        run(EXPIRED, [now, numbers, numbers]).fetchall()
        run(TURNS, [sorted(f"time of {number}" for number in numbers)])
        self.look(provider_id, doctor, wall, starts_at, ends_at)
        written = self.write(
            claims, (patient_id, patient), (provider_id, doctor), wall=wall, span=(starts_at, ends_at), now=now
        )
        self.accounts.execute(CONCERNED, [self.organization_id, patient_id, provider_id]).fetchall()
        run(REMINDERS).fetchall()
        self.note(claims, "record.created", written[1], subjects=[patient_id])
        self.note(claims, "appointment.booked", written[0], subjects=[patient_id])
        run("COMMIT")
        return answer(start, "201 Created", document(written, said, starts_at, ends_at, schedule["time_zone"]))

    def look(self, provider_id: UUID, doctor: int, wall: datetime, starts_at: datetime, ends_at: datetime) -> None:
        """Whether the doctor receives then, and the time is free; with the questions that takes."""
        run, day = self.clinical.execute, wall.date()
        around = (day - timedelta(days=1), day + timedelta(days=1))
        schedule = run(SCHEDULE, [provider_id]).fetchone()
        closed = run(CLOSED, [around[1], around[0], provider_id]).fetchall()
        run(EXTRA, [provider_id, *around]).fetchall()
        run("SELECT id, parent_id FROM registry_department").fetchall()
        run(WORK, [provider_id]).fetchall()
        taken = run(TAKEN, [doctor, ends_at, starts_at]).fetchall()
        hours = schedule["weekly"][f"{wall:%A}".lower()]
        if closed or taken or hours != [["00:00", "00:00"]]:
            raise ValueError("the bench's doctor receives at every hour")

    def write(
        self, claims: dict[str, Any], patient: tuple[UUID, int], doctor: tuple[UUID, int], *, wall: datetime,
        span: tuple[datetime, datetime], now: datetime,
    ) -> tuple[UUID, UUID]:  # fmt: skip
        """The rows; the ids of the appointment and of its record."""
        from chiron.kernel.ids import new_id
        from chiron.vault.envelope import place

        run = self.clinical.execute
        appointment_id, record_id, provider_time, patient_time, change_id = (new_id() for _ in range(5))
        run(RESERVE, [patient_time, patient[1], *span, provider_time, doctor[1], *span])
        cipher = self.ciphers([patient[0]])[patient[0]]
        text = {"title": "Appointment", "description": "", "reason": ""}
        at = place(self.organization_id, "records_record", record_id, "text", 1)
        account = claims["sub"]
        author = (account, self.provider_id, account)
        run(
            INSERT_RECORD,
            [record_id, now, now, patient[0], *span, span[0], *author, cipher.seal(at, orjson.dumps(text))],
        )
        run(INSERT_APPOINTMENT, [
            appointment_id, now, now, doctor[0], patient[0], *span, "Europe/Berlin", wall.date(), wall.time(),
            record_id, account, provider_time, patient_time,
        ])  # fmt: skip
        run(INSERT_CHANGE, [change_id, appointment_id, span[0], doctor[0], now, account])
        return appointment_id, record_id

    def refuse(self, claims: dict[str, Any], patient_id: UUID, start: Start) -> list[bytes]:
        """Nothing is written but that it was refused."""
        self.clinical.execute("ROLLBACK")
        run = self.begin()
        self.note(
            claims, "appointments.create", None, subjects=[patient_id], details={"status": 409}, outcome="failure"
        )
        run("COMMIT")
        return answer(start, "409 Conflict", BUSY)


def document(
    written: tuple[UUID, UUID], said: dict[str, Any], starts_at: datetime, ends_at: datetime, zone: str
) -> dict[str, Any]:
    """What was booked, as the API shows it."""
    appointment_id, record_id = written
    return {
        "appointment": {
            "id": appointment_id, "doctor_id": said["doctor_id"], "patient_id": said["patient_id"], "type": None,
            "room_id": None, "status": "booked", "starts_at": starts_at, "ends_at": ends_at, "time_zone": zone,
            "reason": "", "cancellation_reason": "", "late": False, "held_until": None, "moves": 0, "series": None,
            "health_record_id": record_id, "possible": ["reschedule", "cancel", "check_in", "no_show"], "version": 1,
        },
        "health_record": {
            "id": record_id, "record_type": "APPOINTMENT", "occurred_at": starts_at, "version": 1,
        },
    }  # fmt: skip
