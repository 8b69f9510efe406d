"""Providers and doctors, departments."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match
from chiron.registry import doors
from chiron.registry import queries_people as queries
from chiron.registry.services import people, work
from chiron.registry.shapes import (
    DepartmentEnvelope,
    DepartmentIn,
    Departments,
    DoctorEnvelope,
    DoctorIn,
    Doctors,
    NameQuery,
    ProviderEnvelope,
    ProviderIn,
    Providers,
    WorkEnvelope,
    WorkIn,
    Works,
    department_out,
    provider_out,
    work_out,
)

router = Router()
DOCTOR = "doctor"


@router.get("/providers", tags=["providers"], response=Providers)
@needs("providers", "read")
def list_providers(request: Call, page: Query[NameQuery]) -> Providers:
    """Those who treat, the newest first."""
    found = queries.list_providers(request.caller, page, name=page.name)
    return Providers(providers=[provider_out(*each) for each in found.rows], next=found.next)


@router.post("/providers", tags=["providers"], response={201: ProviderEnvelope})
@needs("providers", "create")
@creates
def create_provider(request: Call, response: HttpResponse, body: ProviderIn) -> Status[ProviderEnvelope]:
    """Add a provider."""
    made = people.create_provider(
        by=request.caller, person=body.person(), role=body.role, specialty=body.specialty, active=body.active,
        now=clock.now(),
    )  # fmt: skip
    envelope = ProviderEnvelope(provider=provider_out(made, body.person()))
    return created(response, f"/api/providers/{made.id}", envelope, made.version)


@router.get("/providers/{uuid:provider_id}", tags=["providers"], response={200: ProviderEnvelope, **refusals(404)})
@needs("providers", "read")
def read_provider(request: Call, response: HttpResponse, provider_id: UUID) -> ProviderEnvelope:
    """One provider."""
    provider, person = queries.read_provider(request.caller, provider_id)
    etag(response, provider.version)
    return ProviderEnvelope(provider=provider_out(provider, person))


@router.put(
    "/providers/{uuid:provider_id}", tags=["providers"], response={200: ProviderEnvelope, **refusals(404, 409, 412)}
)
@needs("providers", "update")
def change_provider(
    request: Call, response: HttpResponse, provider_id: UUID, body: ProviderIn, reassign_to: UUID | None = None
) -> ProviderEnvelope:
    """Say everything of a provider anew; one who becomes inactive leaves no patient without care."""
    changed = people.change_provider(
        by=request.caller, provider_id=provider_id, person=body.person(), role=body.role, specialty=body.specialty,
        active=body.active, if_match=if_match(request), now=clock.now(), reassign_to=reassign_to,
    )  # fmt: skip
    etag(response, changed.version)
    return ProviderEnvelope(provider=provider_out(changed, body.person()))


@router.get("/providers/{uuid:provider_id}/departments", tags=["providers"], response={200: Works, **refusals(404)})
@needs("providers", "read")
def list_work(request: Call, provider_id: UUID, page: Query[PageQuery]) -> Works:
    """Where a provider works and worked, the latest entry first."""
    found = queries.work_of(request.caller, provider_id, page)
    return Works(departments=[work_out(each) for each in found.rows], next=found.next)


@router.post(
    "/providers/{uuid:provider_id}/departments", tags=["providers"], response={201: WorkEnvelope, **refusals(404, 409)}
)
@needs("providers", "update")
@creates
def begin_work(request: Call, response: HttpResponse, provider_id: UUID, body: WorkIn) -> Status[WorkEnvelope]:
    """The provider works in a department, from one day to another."""
    made = work.begin_work(by=request.caller, provider_id=provider_id, now=clock.now(), **body.model_dump())
    location = f"/api/providers/{provider_id}/departments/{made.department_id}"
    return created(response, location, WorkEnvelope(work=work_out(made)))


@router.delete(
    "/providers/{uuid:provider_id}/departments/{uuid:department_id}",
    tags=["providers"],
    response={204: None, **refusals(404)},
)
@needs("providers", "update")
def end_work(request: Call, provider_id: UUID, department_id: UUID) -> Status[None]:
    """Today is the provider's last day in the department."""
    work.end_work(by=request.caller, provider_id=provider_id, department_id=department_id, now=clock.now())
    return Status(204, None)


@router.get("/doctors", tags=["doctors"], response=Doctors)
@needs("providers", "read")
def list_doctors(request: Call, page: Query[NameQuery]) -> Doctors:
    """The doctors, the newest first."""
    found = queries.list_providers(request.caller, page, name=page.name, role=DOCTOR)
    return Doctors(doctors=[provider_out(*each) for each in found.rows], next=found.next)


@router.post("/doctors", tags=["doctors"], response={201: DoctorEnvelope})
@needs("providers", "create")
@creates
def create_doctor(request: Call, response: HttpResponse, body: DoctorIn) -> Status[DoctorEnvelope]:
    """Add a doctor."""
    made = people.create_provider(
        by=request.caller, person=body.person(), role=DOCTOR, specialty=body.specialty, active=body.active,
        now=clock.now(),
    )  # fmt: skip
    envelope = DoctorEnvelope(doctor=provider_out(made, body.person()))
    return created(response, f"/api/doctors/{made.id}", envelope, made.version)


@router.get("/doctors/{uuid:doctor_id}", tags=["doctors"], response={200: DoctorEnvelope, **refusals(404)})
@needs("providers", "read")
def read_doctor(request: Call, response: HttpResponse, doctor_id: UUID) -> DoctorEnvelope:
    """One doctor."""
    doctor, person = queries.read_provider(request.caller, doctor_id, role=DOCTOR)
    etag(response, doctor.version)
    return DoctorEnvelope(doctor=provider_out(doctor, person))


@router.put("/doctors/{uuid:doctor_id}", tags=["doctors"], response={200: DoctorEnvelope, **refusals(404, 409, 412)})
@needs("providers", "update")
def change_doctor(
    request: Call, response: HttpResponse, doctor_id: UUID, body: DoctorIn, reassign_to: UUID | None = None
) -> DoctorEnvelope:
    """Say everything of a doctor anew; one who becomes inactive leaves no patient without care."""
    changed = people.change_provider(
        by=request.caller, provider_id=doctor_id, person=body.person(), role=DOCTOR, specialty=body.specialty,
        active=body.active, if_match=if_match(request), now=clock.now(), only=DOCTOR, reassign_to=reassign_to,
    )  # fmt: skip
    etag(response, changed.version)
    return DoctorEnvelope(doctor=provider_out(changed, body.person()))


@router.get("/departments", tags=["departments"], response=Departments)
@needs("departments", "read")
def list_departments(request: Call, page: Query[PageQuery]) -> Departments:
    """Departments, sites and locations, the newest first."""
    found = queries.list_departments(request.caller, page)
    return Departments(departments=[department_out(each) for each in found.rows], next=found.next)


@router.post("/departments", tags=["departments"], response={201: DepartmentEnvelope})
@needs("departments", "create")
@creates
def create_department(request: Call, response: HttpResponse, body: DepartmentIn) -> Status[DepartmentEnvelope]:
    """Add a department."""
    made = people.save_department(
        by=request.caller, department_id=None, **body.model_dump(), if_match=None, now=clock.now()
    )
    envelope = DepartmentEnvelope(department=department_out(made))
    return created(response, f"/api/departments/{made.id}", envelope, made.version)


@router.get(
    "/departments/{uuid:department_id}", tags=["departments"], response={200: DepartmentEnvelope, **refusals(404)}
)
@needs("departments", "read")
def read_department(request: Call, response: HttpResponse, department_id: UUID) -> DepartmentEnvelope:
    """One department."""
    found = doors.department_for(request.caller, department_id)
    etag(response, found.version)
    return DepartmentEnvelope(department=department_out(found))


@router.put(
    "/departments/{uuid:department_id}", tags=["departments"], response={200: DepartmentEnvelope, **refusals(404, 412)}
)
@needs("departments", "update")
def change_department(
    request: Call, response: HttpResponse, department_id: UUID, body: DepartmentIn
) -> DepartmentEnvelope:
    """Say everything of a department anew."""
    changed = people.save_department(
        by=request.caller, department_id=department_id, **body.model_dump(), if_match=if_match(request), now=clock.now()
    )
    etag(response, changed.version)
    return DepartmentEnvelope(department=department_out(changed))


@router.delete(
    "/departments/{uuid:department_id}", tags=["departments"], response={204: None, **refusals(404, 409, 412)}
)
@needs("departments", "delete")
def remove_department(request: Call, department_id: UUID) -> Status[None]:
    """Remove a department to which nothing belongs."""
    people.remove_department(by=request.caller, department_id=department_id, if_match=if_match(request))
    return Status(204, None)
