"""What other apps may use of the registry."""

from chiron.registry.calling import (
    Work,
    active_providers,
    departments_by_name,
    departments_of,
    patient_link,
    patient_names,
    provider_names,
)
from chiron.registry.doors import (
    department_for,
    glass_broken_by,
    laboratories_of,
    laboratories_within,
    laboratory_for,
    laboratory_within,
    patient_for,
    patient_within,
    patients_within,
    provider_for,
)
from chiron.registry.erasing import blank, remove_parts_of, standing
from chiron.registry.figures import (
    Registered,
    glass_to_look_at,
    main_departments,
    registered,
    registered_by_day,
    working_doctors,
)
from chiron.registry.hooks import Tie
from chiron.registry.models import Laboratory, Patient, Precision, Provider, Sex
from chiron.registry.queries import Opened, Sought, list_patients, read_patient
from chiron.registry.queries_people import carers_of
from chiron.registry.rules import BirthDate, Person, birth_date
from chiron.registry.services.imports import (
    PatientSeen,
    PlaceSeen,
    ProviderSeen,
    import_patients,
    import_places,
    import_providers,
    known_patients,
    known_places,
    known_providers,
)
from chiron.registry.services.laboratories import add_staff, save_laboratory
from chiron.registry.services.leaving import Assignments
from chiron.registry.services.patients import Entry, create_patient
from chiron.registry.services.people import assign, create_provider, make_claim, provider_for_claim

__all__ = [
    "active_providers",
    "add_staff",
    "Assignments",
    "BirthDate",
    "Entry",
    "Laboratory",
    "Opened",
    "Patient",
    "PatientSeen",
    "Person",
    "PlaceSeen",
    "Precision",
    "Provider",
    "ProviderSeen",
    "Registered",
    "Sex",
    "Sought",
    "Tie",
    "Work",
    "assign",
    "blank",
    "birth_date",
    "carers_of",
    "create_patient",
    "create_provider",
    "department_for",
    "departments_by_name",
    "departments_of",
    "glass_to_look_at",
    "glass_broken_by",
    "import_patients",
    "import_places",
    "import_providers",
    "known_patients",
    "laboratories_of",
    "laboratories_within",
    "laboratory_for",
    "laboratory_within",
    "list_patients",
    "known_places",
    "known_providers",
    "main_departments",
    "make_claim",
    "patient_for",
    "patient_link",
    "patient_names",
    "patient_within",
    "patients_within",
    "provider_for",
    "provider_for_claim",
    "provider_names",
    "read_patient",
    "registered",
    "registered_by_day",
    "remove_parts_of",
    "save_laboratory",
    "standing",
    "working_doctors",
]
