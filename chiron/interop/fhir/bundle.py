"""One file as a bundle of entries, or the reason why it is none."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from chiron.interop.errors import Fault, Refused
from chiron.interop.fhir.originals import Document, Members, is_storable, read_document
from chiron.interop.fhir.references import Index, dangling, searches
from chiron.interop.fhir.text import Text

MAX_BYTES = 256 * 2**20
MAX_ENTRIES = 200_000
KINDS = frozenset({"transaction", "collection"})
METHODS = frozenset({"POST", "PUT"})
TOO_MANY = f"The Bundle has more than {MAX_ENTRIES} entries."
UNASKED = "A transaction's entry must have request.method POST or PUT to be imported."
TWICE = "Another entry has the same fullUrl or the same type and id."
RESOURCE_TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")

Known = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource of a bundle. `full_url` and `id` are empty where the file gives none; `original` is its text."""

    index: int
    full_url: str
    resource_type: str
    id: str
    resource: dict[str, Any]
    original: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The resources of one file, in its order.

    `file` is its name without the folder, which may name a patient; `digest` (SHA-256 of its bytes) never does.
    """

    file: str
    digest: str
    entries: tuple[Entry, ...]
    index: Index[Entry]

    def found(self, reference: str) -> Entry | None:
        """The entry that a reference points at, None where it points elsewhere."""
        return self.index.found(reference)


def nothing_known(reference: str) -> bool:
    return False


def read_bundle(path: Path, known: Known = nothing_known) -> Bundle:
    """The bundle in a file of at most 256 MiB. Raises Refused, also when the file cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Refused(path.name, None, f"The file is larger than {MAX_BYTES // 2**20} MiB.")
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(path.name, None, f"The file cannot be read ({error.strerror}).") from None
    return parse_bundle(raw, path.name, known)


def parse_bundle(raw: bytes, file: str, known: Known = nothing_known) -> Bundle:
    """The bundle in these bytes: a transaction, a collection, or one bare resource.

    References must lead somewhere: to an entry, to something contained, to what `known` knows (asked for `urn:` and
    `Type/id` references that no entry carries), or openly outside (a URL, a search).
    Raises Refused for anything else, naming the entry.
    """
    try:
        document = read_document(raw)
        entries = list(entries_of(document, file))
    except Fault as fault:
        raise Refused(file, None, str(fault)) from None
    bundle = bundle_of(entries, file, sha256(raw).hexdigest())
    index = bundle.index
    for entry in entries:
        reason = wrong(entry, lambda reference: index.found(reference) is not None or known(reference))
        if reason is not None:
            raise Refused(file, entry.index, reason).counting(each.resource_type for each in entries)
    return bundle


def bundle_of(entries: Sequence[Entry], file: str, digest: str) -> Bundle:
    """These entries as a bundle. Raises Refused where two have the same name."""
    index = Index[Entry]()
    for entry in entries:
        for name in names_of(entry):
            if not index.add(name, entry):
                raise Refused(file, entry.index, TWICE)
        for search in searches(entry.resource):
            index.add(search, entry)
    return Bundle(file, digest, tuple(entries), index)


def wrong(entry: Entry, leads_somewhere: Known) -> str | None:
    try:
        return dangling(entry.resource, leads_somewhere)
    except Fault as fault:
        return str(fault)


def names_of(entry: Entry) -> Iterator[str]:
    """Under what others may refer to an entry."""
    own = f"{entry.resource_type}/{entry.id}"
    if entry.full_url:
        yield entry.full_url
    if entry.id and own != entry.full_url:
        yield own


def entries_of(document: Document, file: str) -> Iterator[Entry]:
    match word(document.members, "resourceType"):
        case "":
            raise Fault("The file has no resourceType, so it is not FHIR.")
        case "Bundle":
            yield from bundled(document, file)
        case _:
            yield entry_of({"resource": Text(document.text).original()}, 0, file)


def bundled(document: Document, file: str) -> Iterator[Entry]:
    kind = kind_of_bundle(document.members)
    members = document.entries or []
    if len(members) > MAX_ENTRIES:
        raise Fault(TOO_MANY)
    for index, each in enumerate(members):
        if kind == "transaction" and method_of(each) not in METHODS:
            raise Refused(file, index, UNASKED)
        yield entry_of(each, index, file)


def kind_of_bundle(members: Members) -> str:
    """Transaction or collection, by the members of a Bundle beside its entries. Raises Fault for any other."""
    kind = word(members, "type")
    if not kind:
        raise Fault("The Bundle has no type.")
    if kind not in KINDS:
        raise Fault("The Bundle is neither a transaction nor a collection.")
    if "entry" in members:
        raise Fault("The Bundle's entry is not an array.")
    return kind


def entry_of(members: Members, index: int, file: str) -> Entry:
    resource = members.get("resource")
    if resource is None or not isinstance(resource.value, dict):
        raise Refused(file, index, "The entry has no resource.")
    resource_type, own_id, full_url = (
        resource.value.get("resourceType"),
        resource.value.get("id", ""),
        members["fullUrl"].value if "fullUrl" in members else "",
    )
    if not isinstance(resource_type, str) or not RESOURCE_TYPE.fullmatch(resource_type):
        raise Refused(file, index, "The resource has no resourceType.")
    if not isinstance(own_id, str) or not isinstance(full_url, str):
        raise Refused(file, index, "The resource's id or the entry's fullUrl is not a string.")
    if not is_storable(resource) or ("fullUrl" in members and not is_storable(members["fullUrl"])):
        raise Refused(file, index, "A string holds NUL or half a surrogate pair, which cannot be stored.")
    return Entry(index, full_url, resource_type, own_id, resource.value, resource.text)


def method_of(members: Members) -> str:
    request = members.get("request")
    method = request.value.get("method") if request is not None and isinstance(request.value, dict) else None
    return method if isinstance(method, str) else ""


def word(members: Members, name: str) -> str:
    value = members[name].value if name in members else ""
    return value if isinstance(value, str) else ""
