"""Refusals of the registry."""

from chiron.kernel.errors import DomainError


class IdentifierTaken(DomainError):
    """``existing_id`` names the patient that has it."""

    code, title = "identifier-taken", "Another patient of this organization has that identifier."


class LaboratoryCodeTaken(DomainError):
    code, title = "laboratory-code-taken", "Another laboratory has that code."


class WorksAtLaboratoryAlready(DomainError):
    code, title = "works-at-laboratory-already", "That account works at the laboratory already."


class AlreadyAssigned(DomainError):
    code, title = "already-assigned", "That provider cares for the patient already."


class ProviderInUse(DomainError):
    """``in_the_way`` lists the first hundred by kind, id and patient; ``count`` says how many there are."""

    code, title = "provider-in-use", "Something still needs that provider: end it, or say who takes over."


class DepartmentInUse(DomainError):
    """``departments`` and ``providers`` say how many of them stand in the way."""

    code, title = "department-in-use", "Departments, rooms or holidays belong to it, or providers work or worked there."


class WorksThereAlready(DomainError):
    code, title = "works-there-already", "That provider works in the department already at that time."


class ContactOnly(DomainError):
    code, status = "contact-only", 403
    title = "Patients change how they are reached; everything else is changed by the staff."


class PatientReplaced(DomainError):
    code, title = "patient-replaced", "This patient was merged into another; change that one."


class AlreadyAcknowledged(DomainError):
    code, title = "already-acknowledged", "Somebody has looked at that already."


class OwnGlass(DomainError):
    code, status = "own-glass", 403
    title = "Who broke the glass does not acknowledge it; somebody else must look."
