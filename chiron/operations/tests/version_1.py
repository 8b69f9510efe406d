"""A clinic as version 1 kept it, as real BSON: everything about it is made up, and each one made is another."""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bcrypt
import bson
from bson import ObjectId
from cryptography.fernet import Fernet
from django.conf import settings

DATABASE = "version1"
PASSWORD = "a very old password"
HASH = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
SECRET = "JBSWY3DPEHPK3PXP"
AT = datetime(2024, 3, 5, 9, 30, 15, 123000, tzinfo=UTC)
Json = dict[str, Any]


def sealed(text: str) -> str:
    """As version 1 sealed it."""
    return Fernet(settings.MASTER_ENCRYPTION_KEY).encrypt(text.encode()).decode()


@dataclass
class Version1:
    """Collections by name, and the ids of who is in them."""

    collections: dict[str, list[Any]] = field(default_factory=dict)
    mark: str = field(default_factory=lambda: ObjectId().__str__())
    clinic: ObjectId = field(default_factory=ObjectId)

    def add(self, collection: str, **fields: Any) -> ObjectId:
        """One more document."""
        document = {"_id": ObjectId(), **fields}
        self.collections.setdefault(collection, []).append(document)
        return document["_id"]  # type: ignore[no-any-return]

    def organization(self, **fields: Any) -> ObjectId:
        key = ObjectId()
        said = {"_id": key, "name": "Old Clinic", "slug": f"old-{key}", "time_zone": "Africa/Accra", "plan": "gold"}
        return self.add("organizations", **said | fields)

    def user(self, **fields: Any) -> ObjectId:
        name = f"ama.{ObjectId()}"
        said = {
            "organization_id": self.clinic, "username": name, "email": f"{name}@example.org", "email_verified": True,
            "password_hash": HASH, "role": "receptionist", "is_active": True, "last_login": AT, "created_at": AT,
            "first_name": sealed("Ama"),
        }  # fmt: skip
        return self.add("users", **said | fields)

    def laboratory(self, **fields: Any) -> ObjectId:
        said = {"organization_id": self.clinic, "name": "Main laboratory", "code": f"L{ObjectId()}", "created_at": AT}
        return self.add("laboratories", **said | fields)

    def doctor(self, **fields: Any) -> ObjectId:
        said = {
            "organization_id": self.clinic, "first_name": sealed("Kwame"), "last_name": sealed("Osei"),
            "phone": sealed("+233 20 000 0000"), "specialty": "Haematology", "license_number": "MDC-1",
            "created_at": AT,
        }  # fmt: skip
        return self.add("doctors", **said | fields)

    def patient(self, **fields: Any) -> ObjectId:
        said = {
            "organization_id": self.clinic, "first_name": sealed("Kofi"), "last_name": sealed("Núñez"),
            "phone": sealed("+233 20 111 1111"), "address": sealed("1 High Street, Accra"), "sex": "M",
            "date_of_birth": "1971-03-04", "mrn": f"M-{ObjectId()}", "notes": sealed("prefers mornings"),
            "allergies": ["nuts", {"to": "penicillin", "since": AT}], "created_at": AT,
        }  # fmt: skip
        return self.add("patients", **said | fields)

    def screening(self, **fields: Any) -> ObjectId:
        said = {
            "organization_id": self.clinic, "sex": "F", "age": 44, "cbc": {"hemoglobin": 12.5, "mcv": 101.0},
            "model_version": "b12-2023", "created_at": AT,
            "result": {"risk_class": "Borderline", "p_normal": 0.5, "p_borderline": 0.25, "p_deficient": 0.25},
        }  # fmt: skip
        return self.add("screenings", **said | fields)

    def file(self, content: bytes, chunk: int = 1000, **fields: Any) -> ObjectId:
        """As GridFS keeps it."""
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        said = {"length": len(content), "chunkSize": chunk, "uploadDate": AT, "filename": "letter.pdf", "md5": md5}
        key = self.add("fs.files", **said | fields)
        for number, begins in enumerate(range(0, len(content), chunk)):
            self.add("fs.chunks", files_id=key, n=number, data=content[begins : begins + chunk])
        return key

    def entry(self, **fields: Any) -> ObjectId:
        said = {"organization_id": self.clinic, "action": "patient.view", "timestamp": AT, "ip": "192.0.2.7"}
        return self.add("audit_logs", **said | fields)

    def written(self, folder: Path, *, compressed: bool = False) -> Path:
        """As mongodump writes it."""
        where = folder / DATABASE
        where.mkdir(parents=True, exist_ok=True)
        for name, documents in self.collections.items():
            content = b"".join(each if isinstance(each, bytes) else bson.encode(each) for each in documents)
            path = where / f"{name}.bson{'.gz' if compressed else ''}"
            path.write_bytes(gzip.compress(content) if compressed else content)
            (where / f"{name}.metadata.json").write_text("{}")
        return folder


def clinic(patients: int = 3) -> Version1:
    """A clinic with somebody of each kind, and a network's second one."""
    old = Version1()
    old.organization(_id=old.clinic, slug=f"old-{old.mark}")
    other = old.organization()
    doctor = old.doctor(user_id=old.user(role="doctor", totp_secret=sealed(SECRET), mfa_enabled=True))
    old.user(role="admin")
    laboratory = old.laboratory()
    old.laboratory(organization_id=other, code="L1")
    for number in range(patients):
        user = {"user_id": old.user(role="patient")} if number % 3 == 0 else {}
        patient = old.patient(doctor_id=doctor, **user)
        old.entry(patient_id=patient, user_id=user.get("user_id"))
        old.screening(patient_id=patient, created_by=user.get("user_id"), laboratory_id=laboratory)
    old.patient(organization_id=other)
    old.entry(organization_id=other)
    return old


Make = Callable[..., Version1]
