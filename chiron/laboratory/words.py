"""The closed lists of the laboratory."""

from django.db.models import TextChoices


class SpecimenState(TextChoices):
    """Where a specimen stands: announced, at the laboratory, looked at, or of no use."""

    REGISTERED = "registered"
    RECEIVED = "received"
    EXAMINED = "examined"
    REJECTED = "rejected"


EXAMINABLE = (SpecimenState.RECEIVED, SpecimenState.EXAMINED)
"""The states in which a specimen is at the laboratory, and of use."""


class ReportState(TextChoices):
    """How sure a report is (FHIR R4, of the value set diagnostic-report-status)."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"


RELEASED = (ReportState.FINAL, ReportState.AMENDED)
"""The states in which a report stands in the patient's chart."""
