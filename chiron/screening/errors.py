from chiron.kernel.errors import Conflict, Unavailable


class ModelNotValidated(Conflict):
    """Carries ``indices``, which need no model."""

    code, title = (
        "model-not-validated",
        "No model is active here, so there is no clinical answer; research mode answers.",
    )


class NoModelAnswers(Conflict):
    code, title = (
        "no-model-answers",
        "The model that would answer here is retired or suspended; an admin lets one answer.",
    )


class GateNotPassed(Conflict):
    """Carries ``reasons``: each limit that the model did not keep."""

    code, title = "gate-not-passed", "The model has not shown that it is good enough on patients it had never seen."


class MadeUpPatients(Conflict):
    code, title = "made-up-patients", "The model was trained or tested on made-up patients: it answers nobody in care."


class BundleMissing(Unavailable):
    code, title = "bundle-missing", "The model is not there or is damaged; nothing was answered."


class IllegalState(Conflict):
    """Carries ``state``, where the bundle stands, and ``allowed``, what may follow."""

    code, title = "illegal-bundle-state", "That cannot happen to the model as it stands."


class NoWayBack(Conflict):
    """Carries ``reason``: ``none-before``, ``not-validated`` (with ``state``), ``damaged`` or ``fails``."""

    code, title = "no-way-back", "No model that was active before can answer again; the one that is stays as it is."


class Abstained(Conflict):
    code, title = "screening-abstained", "The model gave no answer that could be accepted or overridden."


class NotDecided(Conflict):
    code, title = "screening-not-decided", "Accept or override the answer before the patient reads it."


class NotForPatients(Conflict):
    code, title = "not-for-patients", "Only a clinical screening of a patient is released to somebody."


class TooManyToExport(Conflict):
    """Carries ``limit``, in rows."""

    code, title = "too-many-to-export", "That are more rows than one file takes: narrow the filters."


class OptedOut(Conflict):
    code, title = "opted-out", "The patient does not want to be screened."
