from chiron.kernel.errors import Conflict, Invalid, NotPermitted


class EnteredInError(Conflict):
    code, title = "entered-in-error", "The record was entered in error and can no longer be changed."


class RecordSigned(Conflict):
    code, title = "record-signed", "The record is signed: add to it, or withdraw it as entered in error."


class ReasonRequired(Invalid):
    code, title = "reason-required", "Say why: a signed record is not withdrawn without a reason."


class EventEndsBeforeItBegins(Invalid):
    code, title = "event-ends-before-it-begins", "An event must not end before it begins."


class RangeGoesDownward(Invalid):
    code, title = "range-goes-downward", "The upper end of a reference range lies below its lower end."


class UnitUnknown(Invalid):
    code, title = "unit-unknown", "The unit is not written in UCUM, the case-sensitive form."


class UnitMismatch(Invalid):
    code, title = "unit-mismatch", "The unit does not measure what the reference range of that code is about."


class RangesOverlap(Conflict):
    code, title = "ranges-overlap", "Another reference range of that code is for some of the same patients."


class PatientNotNamed(Invalid):
    code, title = "patient-not-named", "Say which patient the record is about."


class PatientNotConfirmed(NotPermitted):
    code, title = "patient-not-confirmed", "The clinic has not yet confirmed which patient you are."


class StatementOfAnotherPatient(Conflict):
    code, title = "statement-of-another-patient", "The same statement was imported for another patient."


class StatementTwice(Invalid):
    code, title = "statement-twice", "The same statement stands twice in one import."


class QuoteNotThere(Invalid):
    code, title = "quote-not-there", "The quoted words do not stand at that place of the record."


class AgesGoDownward(Invalid):
    code, title = "ages-go-downward", "The age up to which a reference range is for lies below the age it begins with."
