"""The words of screenings."""

from django.db import models


class Mode(models.TextChoices):
    """What an answer may be used for."""

    RESEARCH = "research"
    CLINICAL = "clinical"


class Outcome(models.TextChoices):
    """Whether there is an answer, or reasons for giving none."""

    CLASSIFIED = "classified"
    ABSTAINED = "abstained"


class ShadowOutcome(models.TextChoices):
    """What became of a model that was asked in the shadow of the active one."""

    CLASSIFIED = "classified"
    ABSTAINED = "abstained"
    FAILED = "failed"


class ResultClass(models.TextChoices):
    """Vitamin B12 in serum, by the cutoffs of the bundle's label."""

    NORMAL = "NORMAL"
    BORDERLINE = "BORDERLINE"
    DEFICIENT = "DEFICIENT"


class RiskClass(models.TextChoices):
    """What a probability says beyond the base rate; `chiron.screening.rules.risk_class_of` defines each."""

    LOW = "low"
    UNINFORMATIVE = "uninformative"
    RAISED = "raised"


class Reason(models.TextChoices):
    """Why there is no answer."""

    PREGNANT = "pregnant"
    TREATED = "treated-with-b12"
    TOO_YOUNG = "younger-than-20"
    TOO_OLD = "older-than-85"
    SEX = "sex-not-female-or-male"
    MISSING = "not-measured"
    OUTSIDE = "outside-training"


class Decision(models.TextChoices):
    """What somebody who treats made of a screening."""

    NONE = "none"
    ACCEPTED = "accepted"
    OVERRIDDEN = "overridden"


class BatchState(models.TextChoices):
    """How far a file of blood counts has come."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Encoding(models.TextChoices):
    """How the letters of a file are written. Spreadsheets know the last as ANSI or Western European."""

    UTF_8 = "utf-8"
    UTF_16LE = "utf-16le"
    UTF_16BE = "utf-16be"
    WINDOWS_1252 = "windows-1252"


class Delimiter(models.TextChoices):
    """What divides the columns of a file."""

    COMMA = "comma"
    SEMICOLON = "semicolon"
    TAB = "tab"
    BAR = "bar"


class DecimalMark(models.TextChoices):
    """What stands before the fraction of a number."""

    POINT = "point"
    COMMA = "comma"


class BundleStanding(models.TextChoices):
    """What an organization lets a bundle do. Where nothing was said of it, it is for research only.

    One in the shadow is validated, and asked whenever the active one is; nobody is told what it says.
    """

    RESEARCH_ONLY = "research-only"
    VALIDATED = "validated"
    SHADOW = "shadow"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"
