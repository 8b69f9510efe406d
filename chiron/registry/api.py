"""Patients, providers, departments, laboratories, assignments."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, Proof, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match
from chiron.registry import duplicates, queries, queries_people
from chiron.registry.doors import patient_for
from chiron.registry.queries import Sought
from chiron.registry.services import erase, glass, patients, people
from chiron.registry.services.glass import Breaking
from chiron.registry.shapes import (
    AccessLog,
    AccessOut,
    AssignIn,
    AssignmentEnvelope,
    Assignments,
    BrokenGlassEnvelope,
    BrokenGlasses,
    Claims,
    Duplicates,
    ErasureEnvelope,
    ErasureOut,
    LinkIn,
    PatientEnvelope,
    PatientIn,
    PatientPatch,
    PatientQuery,
    Patients,
    ReasonIn,
    SearchIn,
    assignment_out,
    broken_out,
    claim_out,
    duplicate_out,
    patched,
    patient_out,
)

router = Router(tags=["patients"])


@router.get("/patients", response=Patients)
@needs("patients", "read")
def list_patients(request: Call, page: Query[PatientQuery]) -> Patients:
    """Patients I may see, the newest first; by name, birth date or identifier where asked."""
    sought = Sought(page.name, page.birth_date, page.identifier)
    scope = request.caller.scope("patients", "search" if sought else "read")
    found = queries.list_patients(request.caller, scope, page, sought)
    return Patients(patients=[patient_out(each) for each in found.rows], next=found.next)


@router.post("/patients/search", response=Patients)
@needs("patients", "search")
def search_patients(request: Call, body: SearchIn) -> Patients:
    """The same search with its words in the body, so that no name stands in an address."""
    sought = Sought(body.name, body.birth_date, body.identifier, place="body")
    page = PageQuery(limit=body.limit, cursor=body.cursor)
    found = queries.list_patients(request.caller, request.caller.scope("patients", "search"), page, sought)
    return Patients(patients=[patient_out(each) for each in found.rows], next=found.next)


@router.post("/patients", response={201: PatientEnvelope, **refusals(409)})
@needs("patients", "create")
@creates
def create_patient(request: Call, response: HttpResponse, body: PatientIn) -> Status[PatientEnvelope]:
    """Register a patient."""
    patient = patients.create_patient(by=request.caller, entry=body.entry(), now=clock.now())
    envelope = PatientEnvelope(patient=patient_out(queries.opened(patient)))
    return created(response, f"/api/patients/{patient.id}", envelope, patient.version)


@router.get("/patients/{uuid:patient_id}", response={200: PatientEnvelope, **refusals(404)})
@needs("patients", "read")
def read_patient(request: Call, response: HttpResponse, patient_id: UUID) -> PatientEnvelope:
    """One patient."""
    found = queries.read_patient(request.caller, patient_id)
    etag(response, found.patient.version)
    return PatientEnvelope(patient=patient_out(found))


@router.put("/patients/{uuid:patient_id}", response={200: PatientEnvelope, **refusals(404, 409, 412)})
@needs("patients", "update")
def change_patient(request: Call, response: HttpResponse, patient_id: UUID, body: PatientIn) -> PatientEnvelope:
    """Say everything of a patient anew."""
    patient = patients.change_patient(
        by=request.caller, patient_id=patient_id, entry=body.entry(), if_match=if_match(request), now=clock.now()
    )
    etag(response, patient.version)
    return PatientEnvelope(patient=patient_out(queries.opened(patient)))


@router.patch("/patients/{uuid:patient_id}", response={200: PatientEnvelope, **refusals(404, 409, 412)})
@needs("patients", "update")
def patch_patient(request: Call, response: HttpResponse, patient_id: UUID, body: PatientPatch) -> PatientEnvelope:
    """Change some of what is said of a patient."""
    entry = patched(queries.opened(patient_for(request.caller, patient_id, "update", lock=True)), body)
    patient = patients.change_patient(
        by=request.caller, patient_id=patient_id, entry=entry, if_match=if_match(request), now=clock.now()
    )
    etag(response, patient.version)
    return PatientEnvelope(patient=patient_out(queries.opened(patient)))


@router.post("/patients/{uuid:patient_id}/assignments", response={201: AssignmentEnvelope, **refusals(404, 409)})
@needs("assignments", "create")
@creates
def assign(request: Call, response: HttpResponse, patient_id: UUID, body: AssignIn) -> Status[AssignmentEnvelope]:
    """From now on this doctor cares for the patient."""
    made = people.assign(by=request.caller, patient_id=patient_id, provider_id=body.doctor_id, now=clock.now())
    envelope = AssignmentEnvelope(assignment=assignment_out(made))
    return created(response, f"/api/patients/{patient_id}/assignments/{made.provider_id}", envelope)


@router.get("/patients/{uuid:patient_id}/assignments", response={200: Assignments, **refusals(404)})
@needs("assignments", "read")
def list_assignments(request: Call, patient_id: UUID, page: Query[PageQuery]) -> Assignments:
    """Who cares and cared for the patient, the latest first."""
    found = queries_people.assignments_of(request.caller, patient_id, page)
    return Assignments(assignments=[assignment_out(each) for each in found.rows], next=found.next)


@router.delete("/patients/{uuid:patient_id}/assignments/{uuid:doctor_id}", response={204: None, **refusals(404)})
@needs("assignments", "delete")
def end_assignment(request: Call, patient_id: UUID, doctor_id: UUID) -> Status[None]:
    """This doctor does not care for the patient any more."""
    people.end_assignment(by=request.caller, patient_id=patient_id, provider_id=doctor_id, now=clock.now())
    return Status(204, None)


@router.post("/patients/{uuid:patient_id}/break-glass", response={201: BrokenGlassEnvelope, **refusals(404, 409)})
@needs("patients", "break-glass")
@creates
def break_glass(request: Call, response: HttpResponse, patient_id: UUID, body: ReasonIn) -> Status[BrokenGlassEnvelope]:
    """Reach a patient one is not assigned to, and all their records, for a while and for a reason.

    The privacy officer reads the reason.
    """
    made = glass.break_glass(by=request.caller, patient_id=patient_id, reason=body.reason, now=clock.now())
    envelope = BrokenGlassEnvelope(break_glass=broken_out(Breaking(made, body.reason)))
    return created(response, f"/api/break-glass/{made.id}", envelope)


@router.get("/break-glass", response=BrokenGlasses)
@needs("break-glass", "read")
def list_broken_glass(request: Call, page: Query[PageQuery]) -> BrokenGlasses:
    """Who broke the glass for whom, and why, the latest first."""
    found = glass.list_broken_glass(request.caller, page)
    return BrokenGlasses(break_glass=[broken_out(each) for each in found.rows], next=found.next)


@router.post("/break-glass/{uuid:glass_id}/acknowledge", response={200: BrokenGlassEnvelope, **refusals(404, 409)})
@needs("break-glass", "acknowledge")
def acknowledge(request: Call, glass_id: UUID) -> BrokenGlassEnvelope:
    """Say that one has looked at why the glass was broken; who broke it does not."""
    seen = glass.acknowledge(by=request.caller, glass_id=glass_id, now=clock.now())
    return BrokenGlassEnvelope(break_glass=broken_out(seen))


@router.post("/patients/{uuid:patient_id}/link", response={200: PatientEnvelope, **refusals(404, 409)})
@needs("patients", "link")
def link(request: Call, patient_id: UUID, body: LinkIn) -> PatientEnvelope:
    """Confirm that an account is this patient."""
    patient = patients.link_account(
        by=request.caller, patient_id=patient_id, account_id=body.account_id, now=clock.now()
    )
    return PatientEnvelope(patient=patient_out(queries.opened(patient)))


@router.delete("/patients/{uuid:patient_id}/link", response={204: None, **refusals(404, 409)})
@needs("patients", "link")
def unlink(request: Call, patient_id: UUID) -> Status[None]:
    """Take back that an account is this patient."""
    patients.unlink_account(by=request.caller, patient_id=patient_id, now=clock.now())
    return Status(204, None)


@router.post("/patients/{uuid:patient_id}/erase", response={200: ErasureEnvelope, **refusals(404, 503)})
@needs("patients", "erase", proof=Proof.FRESH)
def erase_patient(request: Call, patient_id: UUID, body: ReasonIn) -> ErasureEnvelope:
    """Erase a patient for good: the key of everything sealed about them, and what stood in clear. Nothing brings it
    back, an older backup included. Write no personal data into the reason: it stays in the audit trail.
    """
    line = erase.erase_patient(by=request.caller, patient_id=patient_id, reason=body.reason, now=clock.now())
    return ErasureEnvelope(erasure=ErasureOut(patient_id=patient_id, erased_at=line.at))


@router.get("/patients/{uuid:patient_id}/access-log", response={200: AccessLog, **refusals(404)})
@needs("access-log", "read")
def access_log(request: Call, patient_id: UUID, page: Query[PageQuery]) -> AccessLog:
    """Who looked at this patient's data, the latest first."""
    found = queries.access_log(request.caller, patient_id, page)
    shown = [{name: getattr(each, name) for name in AccessOut.model_fields} for each in found.rows]
    return AccessLog(accesses=[AccessOut(**each) for each in shown], next=found.next)


@router.get("/patients/duplicates", response=Duplicates)
@needs("duplicates", "read")
def list_duplicates(request: Call, page: Query[PageQuery]) -> Duplicates:
    """Pairs of patients who may be one person, with the fields that agree. Nobody is merged by it."""
    found = duplicates.list_duplicates(request.caller, page)
    return Duplicates(duplicates=[duplicate_out(each) for each in found.rows], next=found.next)


@router.get("/claims", response=Claims)
@needs("claims", "read")
def list_claims(request: Call, page: Query[PageQuery]) -> Claims:
    """People who registered and wait to be linked or approved."""
    found = queries.open_claims(request.caller, page)
    return Claims(claims=[claim_out(claim, said) for claim, said in found.rows], next=found.next)


@router.get("/doctors/my_patients", response=Patients)
@needs("my-patients", "read")
def my_patients(request: Call, page: Query[PageQuery]) -> Patients:
    """The patients assigned to me."""
    found = queries.my_patients(request.caller, page)
    return Patients(patients=[patient_out(each) for each in found.rows], next=found.next)


@router.get("/doctors/patients", response=Patients, operation_id="doctors_patients")
@needs("my-patients", "read")
def patients_of_doctor(request: Call, page: Query[PageQuery]) -> Patients:
    """The same under its other name."""
    found = queries.my_patients(request.caller, page)
    return Patients(patients=[patient_out(each) for each in found.rows], next=found.next)
