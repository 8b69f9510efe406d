"""Refusals of the laboratory."""

from chiron.kernel.errors import Conflict, Invalid


class SpecimenNumberTaken(Conflict):
    code, title = "specimen-number-taken", "Another specimen of that laboratory has that number."


class SpecimenPastThat(Conflict):
    """``state`` says where it stands."""

    code, title = "specimen-past-that", "The specimen is past that step."


class SpecimenNotReceived(Conflict):
    """``state`` says where it stands."""

    code, title = "specimen-not-received", "Nothing is reported of a specimen that was not received, or was rejected."


class ReportNotPreliminary(Conflict):
    """``state`` says how sure the report is."""

    code, title = "report-not-preliminary", "Only a preliminary report is changed or released; amend the released one."


class ReportNotReleased(Conflict):
    """``state`` says how sure the report is."""

    code, title = "report-not-released", "Only a released report is amended."


class ReportWithdrawn(Conflict):
    code, title = "report-withdrawn", "The report was withdrawn already."


class AnalyteTwice(Invalid):
    code, title = "analyte-twice", "The same analyte stands twice in one report."
