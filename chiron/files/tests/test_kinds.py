"""What a file is, is told by its content; and what nobody needs to send is refused (FIL-03, promise F2)."""

import resource
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.files.errors import UnsupportedFile
from chiron.files.inspection import Inspector
from chiron.files.kinds import BY_TYPE, fitting_name
from chiron.files.tests.corpus import CARRIERS, kept, refused
from chiron.files.tests.factories import PDF, PNG, office, open_document

REFUSED, KEPT = list(refused()), list(kept())


def told(content: bytes, piece: int = 4 * 2**20) -> str:
    """The type that a file of this content is told to be, or `refused`."""
    inspector = Inspector()
    begins = range(0, len(content), piece)
    try:
        for begin in begins:
            inspector.look_at(content[begin : begin + piece], last=begin == begins[-1])
    except UnsupportedFile:
        return "refused"
    return inspector.kind.content_type


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (PDF, "application/pdf"),
        (PNG, "image/png"),
        (CARRIERS["jpeg"], "image/jpeg"),
        (CARRIERS["tiff"], "image/tiff"),
        (CARRIERS["webp"], "image/webp"),
        (CARRIERS["wav"], "audio/wav"),
        (CARRIERS["mp3"], "audio/mpeg"),
        (CARRIERS["ogg"], "audio/ogg"),
        (CARRIERS["mp4"], "video/mp4"),
        (CARRIERS["webm"], "video/webm"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        (b"\x00\x00\x00\x14ftypM4A ", "audio/mp4"),
        (CARRIERS["dicom"], "application/dicom"),
        (CARRIERS["rtf"], "application/rtf"),
        (office("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (office("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (office("ppt/presentation.xml"), "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        (open_document("text"), "application/vnd.oasis.opendocument.text"),
        (open_document("spreadsheet"), "application/vnd.oasis.opendocument.spreadsheet"),
        (b"HbA1c <5.7 %\r\n\tnormal", "text/plain"),
        ("\ufeffName;Größe\nŻółć;1,80\n".encode(), "text/plain"),
        (b"MSH|^~\\&|LAB|", "text/plain"),
        (b'{"resourceType": "Observation"}', "text/plain"),
    ],
)
def test_what_clinics_send_is_told_by_its_content(content: bytes, content_type: str) -> None:
    assert told(content) == content_type
    assert content_type in BY_TYPE


def test_every_file_of_the_corpus_is_refused_or_of_a_harmless_type_quickly_and_in_little_memory() -> None:
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    found = {name: told(content) for name, content in REFUSED}
    found |= {name: told(content) for name, _, content in KEPT}

    assert {name: kind for name, kind in found.items() if kind != "refused"} == {name: kind for name, kind, _ in KEPT}
    assert len(found) == len(REFUSED) + len(KEPT) >= 300
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("at", [0, 1, 4095, 4096, 9000])
@pytest.mark.parametrize("foul", [b"\x00", b"\xff", b"\xed\xa0\x80", b"\x1a"])
def test_text_is_text_to_its_last_byte_however_it_is_cut(foul: bytes, at: int) -> None:
    text = ("Größe " * 2000).encode()
    at -= (text[at - 1] == 0xC3) if at else 0

    assert told(text, piece=4095) == "text/plain"
    assert told(text[:at] + foul + text[at:], piece=4095) == "refused"


@given(content=st.binary(max_size=300))
def test_whatever_is_sent_is_refused_or_of_a_known_type(content: bytes) -> None:
    assert told(content or b"\x00") in {"refused", *BY_TYPE}


@pytest.mark.parametrize(
    ("name", "content_type", "fitting"),
    [
        ("report.pdf", "application/pdf", "report.pdf"),
        ("REPORT.PDF", "application/pdf", "REPORT.PDF"),
        ("scan.JPEG", "image/jpeg", "scan.JPEG"),
        ("C:\\Users\\Ama\\x.pdf", "application/pdf", "x.pdf"),
        ("../../../x.pdf", "application/pdf", "x.pdf"),
        ("page.html", "text/plain", "page.html.txt"),
        ("invoice.pdf.exe", "application/pdf", "invoice.pdf.exe.pdf"),
        ("a\r\nSet-Cookie: b.pdf", "application/pdf", "aSet-Cookie_ b.pdf"),
        ('a"b<c>|?*%.pdf', "application/pdf", "a_b_c_____.pdf"),
        ("\u202egpj.exe", "application/pdf", "gpj.exe.pdf"),
        ("", "application/pdf", "file.pdf"),
        ("...", "application/pdf", "file.pdf"),
        (".htaccess", "text/plain", "htaccess.txt"),
        ("x" * 400 + ".pdf", "application/pdf", "x" * 150 + ".pdf"),
        ("Mu\u0308ller.pdf", "application/pdf", "M\u00fcller.pdf"),
    ],
)
def test_a_name_fits_what_the_file_is(name: str, content_type: str, fitting: str) -> None:
    assert fitting_name(name, content_type) == fitting


@given(name=st.text(max_size=300), content_type=st.sampled_from(sorted(BY_TYPE)))
def test_a_fitting_name_stays_as_it_is_and_ends_as_it_should(name: str, content_type: str) -> None:
    fitting = fitting_name(name, content_type)

    assert fitting_name(fitting, content_type) == fitting
    assert fitting.lower().endswith(BY_TYPE[content_type].suffixes)
    assert not set(fitting) & set('/\\<>:"|?*%\r\n\x00')
