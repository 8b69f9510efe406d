"""The closed vocabularies of records, as stored and as spoken in the API."""

from django.db.models import TextChoices


class RecordType(TextChoices):
    """What kind of statement a record makes."""

    NOTE = "NOTE"
    OBSERVATION = "OBSERVATION"
    DIAGNOSIS = "DIAGNOSIS"
    MEDICATION = "MEDICATION"
    ALLERGY = "ALLERGY"
    IMMUNIZATION = "IMMUNIZATION"
    PROCEDURE = "PROCEDURE"
    REPORT = "REPORT"
    DOCUMENT = "DOCUMENT"
    PRESCRIPTION = "PRESCRIPTION"
    LAB_RESULT = "LAB_RESULT"
    IMAGING = "IMAGING"
    APPOINTMENT = "APPOINTMENT"
    OTHER = "OTHER"


class Status(TextChoices):
    """Whether a record stands. What is entered in error is kept, but no longer listed."""

    ACTIVE = "active"
    ENTERED_IN_ERROR = "entered-in-error"


class Precision(TextChoices):
    """How exactly the time of the event is known."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"
    INSTANT = "instant"


class Sensitivity(TextChoices):
    """What makes a record more delicate than others: labels of HL7 v3 ActCode, information sensitivity."""

    ETH = "ETH", "Substance abuse"
    GDIS = "GDIS", "Genetic disease"
    HIV = "HIV", "HIV or AIDS"
    MH = "MH", "Mental health"
    PSY = "PSY", "Psychiatry"
    PSYTHPN = "PSYTHPN", "Psychotherapy notes"
    SCA = "SCA", "Sickle cell anaemia"
    SDV = "SDV", "Sexual assault, abuse or domestic violence"
    SEX = "SEX", "Sexuality and reproductive health"
    STD = "STD", "Sexually transmitted disease"
    SUD = "SUD", "Substance use disorder"


class Flag(TextChoices):
    """How a result lies to what is usual (HL7 v2 table 0078, FHIR ObservationInterpretation)."""

    CRITICALLY_LOW = "LL", "Critically low"
    LOW = "L", "Low"
    NORMAL = "N", "Normal"
    HIGH = "H", "High"
    CRITICALLY_HIGH = "HH", "Critically high"


class AgeUnit(TextChoices):
    """In what an age is counted, as UCUM writes it: completed days, months or years."""

    DAYS = "d", "Days"
    MONTHS = "mo", "Months"
    YEARS = "a", "Years"


class Visibility(TextChoices):
    """Who sees an annotation beside its author."""

    PRIVATE = "private"
    CARE_TEAM = "care_team"
    PATIENT = "patient"


class Verdict(TextChoices):
    """What became of what was signed, as far as the stored content can tell."""

    INTACT = "intact"
    ALTERED = "altered"
    FORGED = "forged"
    ERASED = "erased"


class Part(TextChoices):
    """Which text of a record an annotation quotes."""

    TITLE = "title"
    DESCRIPTION = "description"
