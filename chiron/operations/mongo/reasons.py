"""Why a document, or a value of one, is not taken over."""

from enum import StrEnum


class Reason(StrEnum):
    """In the report, the quarantine and the documentation; none of them ever quotes what it is about."""

    UNREADABLE = "unreadable"
    TOO_DEEP = "too-deep"
    TOO_LARGE = "too-large"
    SECOND_OF_ITS_ID = "second-of-its-id"
    WITHOUT_ORGANIZATION = "without-organization"
    UNKNOWN_ORGANIZATION = "unknown-organization"
    MISSING = "missing-value"
    WRONG_TYPE = "wrong-type"
    NUL = "nul-character"
    TOO_LONG = "too-long"
    NOT_A_NUMBER = "not-a-number"
    UNKNOWN_VALUE = "unknown-value"
    SHUT = "key-does-not-open"
    NAIVE_DATE = "date-without-zone"
    NO_SUCH_TIME = "time-not-on-the-clock"
    DATE = "not-a-date"
    DANGLING = "dangling-reference"
    ELSEWHERE = "reference-to-another-organization"
    DUPLICATE = "duplicate"
    TAKEN = "taken-here"
    PASSWORD = "unknown-password-hash"  # noqa: S105
    FACTOR = "unusable-second-factor"
    CHUNK_MISSING = "chunk-missing"
    CHUNK_TWICE = "chunk-twice"
    LENGTH = "not-its-length"
    DIGEST = "not-its-digest"
    NOT_ACCEPTED = "file-not-accepted"
    OF_SEVERAL = "file-of-several-patients"
    KEPT = "kept"


REASONS = {
    Reason.UNREADABLE: "It is not BSON, or a text in it is not UTF-8.",
    Reason.TOO_DEEP: "It is nested more than 32 levels deep.",
    Reason.TOO_LARGE: "It is larger than MongoDB lets a document be (16 MiB).",
    Reason.SECOND_OF_ITS_ID: "Another document of the collection has the same `_id`.",
    Reason.WITHOUT_ORGANIZATION: "It names no organization.",
    Reason.UNKNOWN_ORGANIZATION: "It names an organization that was not taken over.",
    Reason.MISSING: "Something without which it cannot be is missing or empty.",
    Reason.WRONG_TYPE: "A value is of another type than its field.",
    Reason.NUL: "A text holds the character NUL, which PostgreSQL does not.",
    Reason.TOO_LONG: "A text is longer than its place.",
    Reason.NOT_A_NUMBER: "A number is NaN or infinite.",
    Reason.UNKNOWN_VALUE: "A role, sex or result that the mapping does not know.",
    Reason.SHUT: "A sealed value does not open with `MASTER_ENCRYPTION_KEY`.",
    Reason.NAIVE_DATE: "A date and time as text without a zone, and no zone was declared.",
    Reason.NO_SUCH_TIME: "A local time that the declared zone's clock never showed, or showed twice.",
    Reason.DATE: "It cannot be read as a date, or is none that can be: a birth to come.",
    Reason.DANGLING: "It refers to a document that is not there or was not taken over.",
    Reason.ELSEWHERE: "It refers to a document of another organization.",
    Reason.DUPLICATE: "A document before it has the same name, address or number, whatever the case, or the same code.",
    Reason.TAKEN: "Somebody who did not come from version 1 has that name, address, number or code here.",
    Reason.PASSWORD: "The hash is of no known kind: the account is here and has to reset its password.",
    Reason.FACTOR: "Not base32, too short or never confirmed: the account is here without its authenticator app.",
    Reason.CHUNK_MISSING: "A chunk of the file is not there, or is not in its place.",
    Reason.CHUNK_TWICE: "Two chunks of the file have the same number.",
    Reason.LENGTH: "The chunks of the file hold more or fewer bytes than its length says.",
    Reason.DIGEST: "The MD5 of the file's bytes is not the one it names.",
    Reason.NOT_ACCEPTED: "The file is empty, larger than `ATTACHMENT_MAX_BYTES`, or of a kind that is not kept.",
    Reason.OF_SEVERAL: "Documents of several patients refer to the file.",
    Reason.KEPT: "Nothing is wrong: what an account has no place for is kept in its database, sealed.",
}


class Unfit(Exception):
    """A document cannot be taken over; ``path`` points at what is wrong, empty for all of it."""

    def __init__(self, reason: Reason, path: str = "") -> None:
        super().__init__(reason)
        self.reason, self.path = reason, path
