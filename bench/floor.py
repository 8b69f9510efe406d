"""The floor: what each path must do at least, written by hand on psycopg.

It verifies the token, looks once a second at what was revoked, switches to the organization, asks the same questions,
opens and seals the same values with the same cryptography, writes the same event, and answers the same document. It
knows no framework, no ORM, no routing, no validation of shapes, no policy table, and keeps no log.
"""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

import jwt
import orjson
import psycopg
from psycopg.rows import dict_row

Start = Callable[..., object]
OF_PATIENT = """p.id, p.details, p.birth_date, p.birth_estimated, p.sex, p.deceased, p.deceased_at, p.active,
    p.replaced_by_id, p.recorded_at, p.updated_at, p.version"""
MINE = """(EXISTS (SELECT FROM registry_assignment a WHERE a.patient_id = p.id AND a.provider_id = %s
        AND a.until IS NULL)
    OR EXISTS (SELECT FROM registry_brokenglass b WHERE b.patient_id = p.id AND b.provider_id = %s
        AND b.until > now()))"""
OF_RECORD = """r.id, r.patient_id, r.record_type, r.resource_type, r.status, r.clinical_status, r.codes, r.occurred_at,
    r.occurred_precision, r.occurred_end, r.quantity_value, r.range_low, r.encounter_id, r.author_account,
    r.author_provider_id, r.recorded_at, r.updated_at, r.version, r.text, r.timeline_at, r.signed_at,
    r.addendum_to_id, r.labels, r.flag"""
SHOWN = """(r.labels = '{}' OR r.labels <@ ARRAY(SELECT label FROM records_clearance c WHERE c.provider_id = %s)
    OR r.author_account = %s OR EXISTS (SELECT FROM registry_brokenglass b WHERE b.patient_id = r.patient_id
        AND b.provider_id = %s AND b.until > now()))"""
IN_CLEAR = ("id", "birth_date", "birth_estimated", "sex", "deceased", "deceased_at", "active", "recorded_at",
            "updated_at")  # fmt: skip
OF_IDENTIFIER = "SELECT id, patient_id, system, kind, value FROM registry_identifier"
INSERT_RECORD = """INSERT INTO records_record (id, version, recorded_at, updated_at, patient_id, record_type,
    resource_type, status, clinical_status, codes, code_keys, occurred_precision, timeline_at, quantity_unit,
    quantity_code, author_account, author_provider_id, changed_by, labels, text)
    VALUES (%s, 1, %s, %s, %s, %s, '', 'active', '', '[]', '{}', 'instant', %s, '', '', %s, %s, %s, '{}', %s)"""
INSERT_EVENT = """INSERT INTO audit_event (id, at, organization_id, account_id, on_behalf_of, session_id, roles, action,
    resource, resource_id, subjects, purpose, outcome, request_id, payload, mac)
    VALUES (%s, %s, %s, %s, NULL, %s, %s, %s, %s, %s, %s, 'TREAT', %s, %s, %s, %s)"""


class Floor:
    """Answers the four requests for one organization."""

    def __init__(self, organization_id: UUID, provider_id: UUID) -> None:
        from chiron.identity.keys import signing_key
        from chiron.tenancy.switch import statement_for
        from chiron.vault.keyring import keyring_of

        self.organization_id, self.provider_id = organization_id, provider_id
        self.mine = (provider_id, provider_id)
        self.accounts, self.clinical = connection("accounts"), connection("clinical")
        self.backends = (self.accounts.info.backend_pid, self.clinical.info.backend_pid)
        self.switch = statement_for(organization_id)
        self.keyring = keyring_of(organization_id)
        self.public_key = signing_key().public
        self.looked, self.revoked = 0.0, frozenset[UUID]()

    def caller(self, environ: dict[str, Any]) -> dict[str, Any]:
        token = environ["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
        claims: dict[str, Any] = jwt.decode(
            token, self.public_key, algorithms=["EdDSA"], audience="chiron", issuer="chiron"
        )
        if time.monotonic() - self.looked > 1:
            since = datetime.fromtimestamp(time.time() - 360, UTC)
            rows = self.accounts.execute("SELECT id FROM identity_session WHERE revoked_at >= %s", [since]).fetchall()
            self.revoked, self.looked = frozenset(row["id"] for row in rows), time.monotonic()
        if UUID(claims["sid"]) in self.revoked:
            raise PermissionError
        return claims

    def read_patient(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        claims, patient_id = self.caller(environ), UUID(environ["PATH_INFO"].rpartition("/")[2])
        run = self.begin()
        question = f"SELECT {OF_PATIENT} FROM registry_patient p WHERE p.id = %s AND {MINE}"
        [patient] = run(question, [patient_id, *self.mine]).fetchall()
        document = {"patient": self.opened([patient])[0]}
        self.note(claims, "patient.read", patient_id, subjects=[patient_id])
        run("COMMIT")
        return answer(start, "200 OK", document)

    def list_records(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        claims, asked = self.caller(environ), parse_qs(environ["QUERY_STRING"])
        patient_id, limit = UUID(asked["patient"][0]), int(asked["limit"][0])
        run = self.begin()
        run(f"SELECT {OF_PATIENT} FROM registry_patient p WHERE p.id = %s AND {MINE}", [patient_id, *self.mine])
        rows = run(
            f"SELECT {OF_RECORD} FROM records_record r WHERE r.patient_id = %s AND r.status = 'active' AND {SHOWN}"
            " ORDER BY r.timeline_at DESC, r.id DESC LIMIT %s",
            [patient_id, self.provider_id, claims["sub"], self.provider_id, limit + 1],
        ).fetchall()
        cipher = self.ciphers([patient_id])[patient_id]
        records = [record_out(row, self.said(cipher, "records_record", row, "text")) for row in rows[:limit]]
        self.note(claims, "record.listed", None, subjects=[patient_id])
        run("COMMIT")
        return answer(start, "200 OK", {"records": records, "next": None})

    def search_patients(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        from chiron.vault.public import matches, search_tokens

        claims, asked = self.caller(environ), parse_qs(environ["QUERY_STRING"])
        name, limit = asked["name"][0], int(asked["limit"][0])
        run = self.begin()
        rows = run(
            f"SELECT {OF_PATIENT} FROM registry_patient p WHERE p.name_tokens @> %s::bigint[] AND {MINE}"
            " ORDER BY p.id DESC LIMIT 200",
            [search_tokens(self.organization_id, name), *self.mine],
        ).fetchall()
        found = [each for each in self.opened(rows) if matches(name, each["family"], *each["given"])][:limit]
        payload = {"name": name, "birth_date": "", "identifier": ""}
        self.note(claims, "patient.searched", None, subjects=[each["id"] for each in found], details=payload)
        run("COMMIT")
        return answer(start, "200 OK", {"patients": found, "next": None})

    def write_record(self, environ: dict[str, Any], start: Start) -> list[bytes]:
        from chiron.kernel.ids import new_id
        from chiron.vault.envelope import place

        claims, said = self.caller(environ), orjson.loads(environ["wsgi.input"].read())
        patient_id, now, record_id = UUID(said["patient_id"]), datetime.now(UTC), new_id()
        run = self.begin()
        run(f"SELECT p.id FROM registry_patient p WHERE p.id = %s AND {MINE}", [patient_id, *self.mine]).fetchone()
        cipher = self.ciphers([patient_id])[patient_id]
        text = {"title": said["title"], "description": said["description"], "reason": ""}
        at = place(self.organization_id, "records_record", record_id, "text", 1)
        author, sealed = claims["sub"], cipher.seal(at, orjson.dumps(text))
        who = (author, self.provider_id, author)
        run(INSERT_RECORD, [record_id, now, now, patient_id, said["record_type"], now, *who, sealed])
        self.note(claims, "record.created", record_id, subjects=[patient_id])
        run("COMMIT")
        row = {
            "id": record_id, "patient_id": patient_id, "record_type": said["record_type"], "resource_type": "",
            "status": "active", "clinical_status": "", "codes": [], "occurred_at": None,
            "occurred_precision": "instant", "occurred_end": None, "encounter_id": None, "author_account": author,
            "author_provider_id": self.provider_id, "recorded_at": now, "updated_at": now, "version": 1,
            "signed_at": None, "addendum_to_id": None, "labels": [], "flag": None,
        }  # fmt: skip
        return answer(start, "201 Created", {"record": record_out(row, text) | {"content": None}})

    def begin(self) -> Callable[..., Any]:
        self.clinical.execute("BEGIN")
        self.clinical.execute(self.switch.encode())
        run: Callable[..., Any] = self.clinical.execute
        return run

    def ciphers(self, patient_ids: Sequence[UUID]) -> dict[UUID, Any]:
        """The key of each patient, read and opened."""
        from chiron.vault.envelope import Cipher, place

        rows = self.accounts.execute(
            "SELECT id, patient_id, wrapped FROM vault_patientkey WHERE organization_id = %s AND patient_id = ANY(%s)",
            [self.organization_id, list(patient_ids)],
        ).fetchall()
        found = {}
        for row in rows:
            at = place("patient key", self.organization_id, row["patient_id"], row["id"])
            found[row["patient_id"]] = Cipher(row["id"], self.keyring.unwrap(row["wrapped"], at), "seal")
        return found

    def said(self, cipher: Any, table: str, row: dict[str, Any], column: str) -> Any:
        from chiron.vault.envelope import place

        at = place(self.organization_id, table, row["id"], column, row.get("version", 1))
        return orjson.loads(cipher.open(at, row[column]))

    def opened(self, patients: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        ids = [each["id"] for each in patients]
        question = f"{OF_IDENTIFIER} WHERE patient_id = ANY(%s) ORDER BY id"
        identifiers = self.clinical.execute(question, [ids]).fetchall()
        ciphers, found = self.ciphers(ids), []
        for row in patients:
            cipher = ciphers[row["id"]]
            said = self.said(cipher, "registry_patient", row, "details")
            numbers = [
                {
                    "system": each["system"],
                    "value": self.said(cipher, "registry_identifier", each, "value"),
                    "kind": each["kind"],
                }
                for each in identifiers
                if each["patient_id"] == row["id"]
            ]
            clear = {name: row[name] for name in IN_CLEAR}
            found.append(said | clear | {"replaced_by": row["replaced_by_id"], "identifiers": numbers})
        return found

    def note(
        self, claims: dict[str, Any], action: str, about: UUID | None, *, subjects: Sequence[UUID],
        details: dict[str, Any] | None = None, outcome: str = "success",
    ) -> None:  # fmt: skip
        from types import SimpleNamespace

        from chiron.audit.canonical import event_bytes
        from chiron.audit.signing import mac_of
        from chiron.kernel.ids import new_id
        from chiron.vault.envelope import place

        resource = f"{action.partition('.')[0].removesuffix('s')}s"
        event = SimpleNamespace(
            id=new_id(), at=datetime.now(UTC), organization_id=self.organization_id, account_id=UUID(claims["sub"]),
            on_behalf_of=None, session_id=UUID(claims["sid"]), roles=claims["roles"], action=action,
            resource=resource, resource_id=about, subjects=list(subjects), purpose="TREAT", outcome=outcome,
            request_id=str(new_id()),
        )  # fmt: skip
        said = {"address": "127.0.0.1", "device": "bench"} | ({"details": details} if details else {})
        *_, sealing = self.keyring.sealing.values()
        at = place(self.organization_id, "audit_event", event.id, "payload", 1)
        event.payload = sealing.seal(at, orjson.dumps(said))
        mac = mac_of(self.organization_id, event_bytes(event))
        self.clinical.execute(INSERT_EVENT, [
            event.id, event.at, event.organization_id, event.account_id, event.session_id, event.roles, action,
            resource, about, event.subjects, outcome, event.request_id, event.payload, mac,
        ])  # fmt: skip


def connection(alias: str) -> Any:
    """A runtime login's connection, bare."""
    from django.conf import settings

    place = settings.DATABASES[alias]
    login = {"host": place["HOST"], "port": place["PORT"], "dbname": place["NAME"], "user": place["USER"]}
    return psycopg.connect(
        **login, password=place["PASSWORD"], autocommit=True, row_factory=dict_row, prepare_threshold=None,
        cursor_factory=psycopg.ClientCursor,
    )  # fmt: skip


def record_out(row: dict[str, Any], text: dict[str, str]) -> dict[str, Any]:
    """A record as the API shows it."""
    names = ("id", "patient_id", "record_type", "resource_type", "status", "clinical_status", "codes", "occurred_at",
             "occurred_precision", "occurred_end", "encounter_id", "recorded_at", "updated_at", "version",
             "signed_at", "labels", "flag")  # fmt: skip
    author = {"account_id": row["author_account"], "provider_id": row["author_provider_id"]}
    said = {"title": text["title"], "description": text["description"], "quantity": None, "reference_range": None}
    return {name: row[name] for name in names} | said | {"author": author, "addendum_to": row["addendum_to_id"]}


def answer(start: Start, status: str, document: dict[str, Any]) -> list[bytes]:
    """The document as the server sends it."""
    content = orjson.dumps(document)
    start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
