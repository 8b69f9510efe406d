"""The kinds of files that are kept, and how their content tells them. A name or a declared type tells nothing.

Sources: the formats' own specifications; for text the WHATWG MIME sniffing standard (binary data bytes); for DICOM
PS3.10 section 7.1, whose preamble of 128 bytes is a hiding place (CVE-2019-11687).
"""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of content, and the endings that names of such files may have, the usual one first."""

    content_type: str
    suffixes: tuple[str, ...]


OFFICE = "application/vnd.openxmlformats-officedocument."
OPEN = "application/vnd.oasis.opendocument."

TEXT = Kind("text/plain", (".txt", ".csv", ".tsv", ".md", ".log", ".json", ".ics", ".hl7"))
DICOM = Kind("application/dicom", (".dcm",))
PACKED = Kind("application/zip", ())
"""No kind that is kept: an office document, of which the list of members at its end says which one it is."""

OPEN_DOCUMENTS = (
    Kind(f"{OPEN}text", (".odt",)),
    Kind(f"{OPEN}spreadsheet", (".ods",)),
    Kind(f"{OPEN}presentation", (".odp",)),
)
OFFICE_DOCUMENTS = {
    "word/document.xml": Kind(f"{OFFICE}wordprocessingml.document", (".docx",)),
    "xl/workbook.xml": Kind(f"{OFFICE}spreadsheetml.sheet", (".xlsx",)),
    "ppt/presentation.xml": Kind(f"{OFFICE}presentationml.presentation", (".pptx",)),
}
ARCHIVES = (PACKED, *OPEN_DOCUMENTS)
MEMBER = r"PK\x03\x04.{26}"

BEGINNINGS: tuple[tuple[str, Kind], ...] = (
    (r"%PDF-[12]\.", Kind("application/pdf", (".pdf",))),
    (r"\x89PNG\r\n\x1a\n", Kind("image/png", (".png",))),
    (r"\xff\xd8\xff", Kind("image/jpeg", (".jpg", ".jpeg"))),
    (r"(\x00{4}|II\*\x00|MM\x00\*).{124}DICM", DICOM),
    (r"II\*\x00|MM\x00\*", Kind("image/tiff", (".tif", ".tiff"))),
    (r"RIFF.{4}WEBP", Kind("image/webp", (".webp",))),
    (r"RIFF.{4}WAVE", Kind("audio/wav", (".wav",))),
    (r"ID3[\x02-\x04]|\xff[\xf2\xf3\xfb]", Kind("audio/mpeg", (".mp3",))),
    (r"OggS\x00", Kind("audio/ogg", (".ogg", ".oga", ".opus"))),
    (r".{4}ftypM4A ", Kind("audio/mp4", (".m4a",))),
    (r".{4}ftypqt  ", Kind("video/quicktime", (".mov",))),
    (r".{4}ftyp(iso[m2-9]|mp4[12]|avc1|M4V |dash|MSNV|3gp.)", Kind("video/mp4", (".mp4", ".m4v"))),
    (r"\x1aE\xdf\xa3.{0,60}webm", Kind("video/webm", (".webm",))),
    (r"\{\\rtf1", Kind("application/rtf", (".rtf",))),
    *((rf"{MEMBER}mimetype{re.escape(kind.content_type)}(?=PK)", kind) for kind in OPEN_DOCUMENTS),
    (rf"{MEMBER}(\[Content_Types\]\.xml|_rels/|docProps/)", PACKED),
)
SIGNATURES = tuple((re.compile(pattern.encode(), re.DOTALL), kind) for pattern, kind in BEGINNINGS)
EVERY = (*(kind for _, kind in BEGINNINGS if kind is not PACKED), *OFFICE_DOCUMENTS.values(), TEXT)
BY_TYPE = {kind.content_type: kind for kind in EVERY}

MARKUP = re.compile(rb"<[\s/]*(script|html|svg|iframe|body|object|embed|!doctype|\?php)", re.IGNORECASE)
NO_PLAIN_TEXT = re.compile(rb"(\xef\xbb\xbf)?(\s*<[!?%/a-z]|#!|X5O!P%@AP\[4\\PZX54)", re.IGNORECASE)
BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
NO_NAME = re.compile(r'[<>:"|?*%]')
DEVICE = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)", re.IGNORECASE)


def kind_of_beginning(head: bytes) -> Kind | None:
    """What a file is by its first bytes, a kilobyte or more where it has them; text where no signature fits.

    None for what is not kept: markup, scripts, the antivirus test file, and whatever begins as one kind and would be
    taken for another by those who look further: markup by browsers, `%PDF` by readers, `DICM` by imaging software.
    """
    if MARKUP.search(head, 0, 1024):
        return None
    kind = next((kind for signature, kind in SIGNATURES if signature.match(head)), None)
    if kind is DICOM:
        return kind
    if head[128:132] == b"DICM" or head.find(b"%PDF-", 1, 1024) > 0:
        return None
    return kind or (None if NO_PLAIN_TEXT.match(head) else TEXT)


def fitting_name(name: str, content_type: str) -> str:
    """The name under which a file may lie in somebody's downloads: no folders, nothing invisible, the right ending.

    `../x.pdf` becomes `x.pdf`, and a text named `run.bat` becomes `run.bat.txt`.
    """
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    seen = "".join(letter for letter in last if unicodedata.category(letter)[0] != "C")
    plain = DEVICE.sub(r"_\1", NO_NAME.sub("_", seen).strip(" .")) or "file"
    suffixes = BY_TYPE[content_type].suffixes
    path = PurePosixPath(plain)
    ending = path.suffix if path.suffix.lower() in suffixes else suffixes[0]
    return plain.removesuffix(ending)[:150] + ending
