"""Files of blood counts as Excel and laboratories save them: by a mark or by what is said of them, never by a guess."""

import codecs
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from chiron.files.models import File
from chiron.identity.public import Role
from chiron.kernel.errors import Invalid
from chiron.screening.batch_file import Layout, rows_of
from chiron.screening.batch_text import MARKS, Utf8
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Batch, Screening
from chiron.screening.tests.factories import counts_of
from chiron.screening.tests.test_batches import AT, run_through
from chiron.screening.words import DecimalMark, Delimiter, Encoding
from chiron.tenancy.public import inside
from tests.town import Clinic

UMLAUTS = "âge;é;œ;€"


def utf8_of(content: bytes, said: Encoding | None = None, piece: int = 2**20) -> bytes:
    taken = bytearray()
    text = Utf8(taken.extend, said)
    for begin in range(0, len(content), piece):
        text.write(content[begin : begin + piece])
    text.finish()
    return bytes(taken)


def refused(content: bytes, said: Encoding | None = None) -> str:
    with pytest.raises(Invalid) as refusal:
        utf8_of(content, said)
    [fault] = refusal.value.errors
    assert fault["loc"] == ["body", "file"]
    return fault["msg"]


@pytest.mark.parametrize("piece", [1, 2, 3, 1000])
@pytest.mark.parametrize("mark", [*MARKS, b""])
@pytest.mark.parametrize("said", [True, False])
def test_a_mark_says_for_sure_what_a_file_is(mark: bytes, piece: int, said: bool) -> None:
    encoding = MARKS.get(mark, Encoding.UTF_8)

    assert utf8_of(mark + UMLAUTS.encode(encoding), encoding if said else None, piece).decode() == UMLAUTS


@pytest.mark.parametrize("encoding", Encoding)
def test_without_a_mark_it_is_what_its_sender_says(encoding: Encoding) -> None:
    assert utf8_of(UMLAUTS.encode(encoding), encoding).decode() == UMLAUTS


@pytest.mark.parametrize("content", [b"", b"a", b"ab", codecs.BOM_UTF8])
def test_files_shorter_than_a_mark_are_whole(content: bytes) -> None:
    assert utf8_of(content) == content.removeprefix(codecs.BOM_UTF8)


@pytest.mark.parametrize("encoding", [each for each in Encoding if each is not Encoding.UTF_8])
def test_what_is_no_utf_8_is_refused_with_what_could_be_said_of_it(encoding: Encoding) -> None:
    assert refused(UMLAUTS.encode(encoding)) == (
        "is not text in UTF-8: save it so, or say what it is by `encoding` (utf-16le, utf-16be, windows-1252)"
    )


@pytest.mark.parametrize(
    ("content", "said", "message"),
    [
        (
            codecs.BOM_UTF8 + b"a",
            Encoding.WINDOWS_1252,
            "is utf-8 by its byte order mark, and not what `encoding` says",
        ),
        (codecs.BOM_UTF16_BE + b"a", Encoding.UTF_16LE, "is utf-16be by its byte order mark, and not what `encoding`"),
        (b"a\x81", Encoding.WINDOWS_1252, "is not text in windows-1252"),
        (codecs.BOM_UTF16_LE + b"a\0b", None, "is not text in utf-16le"),
        (codecs.BOM_UTF32_LE + "age".encode("utf-32le"), None, "is not text in utf-16le"),
        (b"a\xc3", None, "is not text in UTF-8"),
    ],
)
def test_what_contradicts_itself_is_refused(content: bytes, said: Encoding | None, message: str) -> None:
    assert message in refused(content, said)


def test_what_is_said_holds_and_nobody_looks_whether_it_makes_sense() -> None:
    assert utf8_of("é".encode(), Encoding.WINDOWS_1252).decode() == "Ã©"


@given(st.binary(max_size=40), st.sampled_from([None, *Encoding]))
def test_whatever_is_sent_becomes_utf_8_or_is_refused(content: bytes, said: Encoding | None) -> None:
    try:
        taken = utf8_of(content, said, piece=3)
    except Invalid:
        return
    assert "\0" not in taken.decode()


def hemoglobin_of(layout: Layout, *values: str, divider: str = ";") -> list[float | None]:
    """What is read of these hemoglobins, one a row; None of what is refused."""
    head, row = counts_of(1).decode().splitlines()
    lines = [head.replace(",", divider), *(row.replace(",", divider).replace("13.9", value) for value in values)]
    rows = rows_of(["\n".join(lines).encode()], layout)
    return [float(each.cbc["hemoglobin"].value) if "hemoglobin" in each.cbc else None for each in rows]


@pytest.mark.parametrize(
    ("delimiter", "decimal", "read"),
    [
        (None, None, [13.9, 13.9, 13]),
        (Delimiter.SEMICOLON, None, [13.9, 13.9, 13]),
        (None, DecimalMark.COMMA, [13.9, None, 13]),
        (None, DecimalMark.POINT, [None, 13.9, 13]),
    ],
)
def test_what_is_said_of_numbers_is_all_that_is_taken(
    delimiter: Delimiter | None, decimal: DecimalMark | None, read: list[float | None]
) -> None:
    assert hemoglobin_of(Layout(delimiter, decimal), "13,9", "13.9", "13") == read


def test_a_comma_may_both_divide_and_stand_in_numbers_where_that_is_said() -> None:
    quoted = ('"13,9"', '"13.9"')

    assert hemoglobin_of(Layout(decimal=DecimalMark.COMMA), *quoted, divider=",") == [13.9, None]
    assert hemoglobin_of(Layout(), *quoted, divider=",") == [None, 13.9]


def test_a_file_that_is_divided_otherwise_than_was_said_is_refused_by_its_columns() -> None:
    with pytest.raises(Invalid):
        hemoglobin_of(Layout(Delimiter.TAB), "13.9")


def excel(encoding: str, divider: str, mark: bytes = b"") -> bytes:
    """Two counts as a spreadsheet with decimal commas saves them."""
    lines = counts_of(2).decode().replace(",", divider).splitlines(keepends=True)
    return mark + "".join([lines[0], *(line.replace(".", ",") for line in lines[1:])]).encode(encoding)


@pytest.mark.parametrize(
    ("content", "asked"),
    [
        (excel("utf-8", ";", codecs.BOM_UTF8), ""),
        (excel("utf-16le", "\t", codecs.BOM_UTF16_LE), ""),
        (excel("utf-16le", "\t", codecs.BOM_UTF16_LE), "?encoding=utf-16le&delimiter=tab&decimal=comma"),
        (excel("windows-1252", ";"), "?encoding=windows-1252&delimiter=semicolon&decimal=comma"),
    ],
)
@pytest.mark.parametrize("body", [True, False])
def test_what_spreadsheets_save_is_classified(
    hilltop: Clinic, bundle: Bundle, content: bytes, asked: str, body: bool
) -> None:
    client = hilltop.client(Role.ADMIN)
    form = {"file": SimpleUploadedFile("counts.csv", content)}

    sent = client.post(AT + asked, content, content_type="text/csv") if body else client.post(AT + asked, form)

    assert sent.status_code == 201, sent.content
    batch = run_through(hilltop, UUID(sent.json()["batch"]["id"]))
    assert (batch.state, batch.classified, batch.refused) == ("finished", 2, 0)
    with inside(hilltop.id):
        assert set(Screening.objects.values_list("features__0", flat=True)) == {13.9}


def test_the_job_reads_a_file_as_it_was_said_to_be(hilltop: Clinic, bundle: Bundle) -> None:
    content = excel("utf-8", ";") + counts_of(1).splitlines(keepends=True)[1].replace(b",", b";")

    sent = hilltop.client(Role.ADMIN).post(f"{AT}?decimal=comma", content, content_type="text/csv")

    batch = run_through(hilltop, UUID(sent.json()["batch"]["id"]))
    assert (batch.delimiter, batch.decimal, batch.classified, batch.refused) == ("", "comma", 2, 1)


@pytest.mark.parametrize(
    ("content", "asked", "loc"),
    [
        (excel("utf-16le", "\t"), "", ["body", "file"]),
        (counts_of(1).replace(b"female", b"f\xe9male"), "", ["body", "file"]),
        (counts_of(1), "?encoding=latin-1", ["query", "encoding"]),
        (counts_of(1), "?delimiter=;", ["query", "delimiter"]),
        (counts_of(1), "?decimal=", ["query", "decimal"]),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_choose_and_leaves_nothing(
    hilltop: Clinic, bundle: Bundle, content: bytes, asked: str, loc: list[str]
) -> None:
    answer = hilltop.client(Role.ADMIN).post(AT + asked, content, content_type="text/csv")

    [fault] = answer.json()["errors"]
    assert (answer.status_code, fault["loc"]) == (422, loc)
    assert "windows-1252" in fault["msg"] or loc[-1] in ("delimiter", "decimal")
    with inside(hilltop.id):
        assert not Batch.objects.exists()
        assert not File.objects.exists()
