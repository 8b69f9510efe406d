from pathlib import Path
from typing import Any

import orjson
import pytest

from chiron.interop.errors import Refused
from chiron.interop.fhir.bundle import parse_bundle, read_bundle
from chiron.interop.fhir.tests.factories import FILE, ama, document, parsed, pulse, refusal, resource

NOWHERE = "leads to nothing in this file and nothing known."


@pytest.mark.parametrize("kind", ["transaction", "collection"])
def test_a_bundle_is_its_resources_in_order(kind: str) -> None:
    bundle = parsed(document(ama(), pulse(), kind=kind))

    assert [(e.index, e.full_url, e.resource_type, e.id) for e in bundle.entries] == [
        (0, "urn:uuid:ama", "Patient", "ama"),
        (1, "urn:uuid:pulse", "Observation", "pulse"),
    ]


@pytest.mark.parametrize("kind", ["Patient", "Observation"])
def test_a_bare_resource_is_a_bundle_of_one(kind: str) -> None:
    raw = b'\n{"resourceType": "%s", "id": "ama",  "entry": []}\n' % kind.encode()

    [entry] = parse_bundle(raw, FILE).entries

    assert (entry.index, entry.resource_type, entry.original) == (0, kind, raw.decode().strip())


def test_a_resource_keeps_its_very_text_and_the_digits_of_its_numbers() -> None:
    original = '{"resourceType" : "Observation","valueQuantity":{"value":7.20},"x":1e2,"text":"\\u00e4 ä"}'
    raw = f'{{"resourceType":"Bundle","type":"collection","entry":[ {{"resource": {original} }} ]}}'.encode()

    [entry] = parse_bundle(raw, FILE).entries

    assert entry.original == original
    assert str(entry.resource["valueQuantity"]["value"]) == "7.20"
    assert entry.resource["text"] == "ä ä"


def test_a_byte_order_mark_is_passed_over() -> None:
    assert len(parse_bundle(b"\xef\xbb\xbf" + orjson.dumps(document(ama())), FILE).entries) == 1


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "The JSON breaks off or is malformed at line 1, column 1 (Expecting an object)."),
        (b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"a":1', "The JSON breaks off"),
        (b'{"resourceType":"Bundle","type":"collection","entry":[', "The JSON breaks off"),
        (b'{"resourceType":"Bundle","type":"collection","entry":[{}', "The JSON breaks off"),
        (b'{"resourceType":"Patient"}{}', "(Extra data)."),
        (b'{"resourceType":"Patient","x":NaN}', "The JSON holds a number that cannot be read."),
        (b'{"resourceType":"Patient","x":' + b"9" * 5000 + b"}", "The JSON holds a number that cannot be read."),
        (b'{"resourceType":"Patient","x":' + b"[" * 100_000, "The JSON nests deeper than 64 levels."),
        (b'{"resourceType":"Patient","x":"\xff"}', "The file is not written in UTF-8."),
        (b"[]", "(Expecting an object)."),
        (b'{"resourceType":"Patient","id":"a","id":"b"}', "A member of the file stands there twice."),
        (b'{"id":"a"}', "The file has no resourceType, so it is not FHIR."),
        (b' <Patient xmlns="http://hl7.org/fhir"/>', "The file is XML; only JSON is read."),
        (b'{"resourceType":"Bundle"}', "The Bundle has no type."),
        (b'{"resourceType":"Bundle","type":"searchset"}', "The Bundle is neither a transaction nor a collection."),
        (b'{"resourceType":"Bundle","type":"collection","entry":{}}', "The Bundle's entry is not an array."),
    ],
)
def test_a_broken_file_is_refused_as_a_whole(raw: bytes, reason: str) -> None:
    entry, told = refusal(raw)

    assert entry is None
    assert reason in told


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_a_resource_may_nest_64_levels() -> None:
    assert len(parsed(document(ama(), pulse(extension=deep(62)))).entries) == 2


def without(name: str) -> dict[str, Any]:
    broken = document(ama(), pulse())
    del broken["entry"][1][name]
    return broken


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (document(ama(), pulse(resourceType=None)), "The resource has no resourceType."),
        (document(ama(), pulse(resourceType="../x")), "The resource has no resourceType."),
        (without("resource"), "The entry has no resource."),
        (without("request"), "A transaction's entry must have request.method POST or PUT to be imported."),
        (document(ama(), ama()), "Another entry has the same fullUrl or the same type and id."),
        (document(ama(), pulse(note=deep(63))), "The JSON nests deeper than 64 levels."),
        (document(ama(), pulse(note=[{"text": "a\x00b"}])), "A string holds NUL or half a surrogate pair"),
    ],
)
def test_a_broken_entry_refuses_the_file_and_is_named(broken: Any, reason: str) -> None:
    entry, told = refusal(broken)

    assert entry == 1
    assert reason in told


def test_half_a_surrogate_pair_is_refused() -> None:
    raw = orjson.dumps(document(ama(id="HERE"))).replace(b"HERE", b"\\ud800")

    assert refusal(raw) == (0, "A string holds NUL or half a surrogate pair, which cannot be stored.")


@pytest.mark.parametrize("method", ["DELETE", "PATCH", "GET", 5, None])
def test_a_transaction_that_would_do_more_than_write_is_refused(method: object) -> None:
    broken = document(ama())
    broken["entry"][0]["request"]["method"] = method

    assert refusal(broken)[0] == 0


@pytest.mark.parametrize("reference", ["urn:uuid:nobody", "Patient/nobody", "#nobody", "no reference at all"])
def test_a_reference_to_nothing_refuses_the_file_and_its_path_is_named_without_its_value(reference: str) -> None:
    broken = document(ama(), pulse(performer=[{"reference": reference}]))

    assert refusal(broken) == (1, f"The reference at Observation.performer[0] {NOWHERE}")


@pytest.mark.parametrize(
    "reference",
    [
        "urn:uuid:ama",
        "Patient/ama",
        "Patient/ama/_history/2",
        "#inside",
        "#",
        "https://elsewhere.example/fhir/Practitioner/1",
        "Practitioner?identifier=urn:npi|77",
    ],
)
def test_references_inside_and_openly_outside_stand(reference: str) -> None:
    linked = pulse(contained=[resource("Device", id="inside")], device={"reference": reference})

    assert len(parsed(document(ama(), linked)).entries) == 2


def test_a_reference_to_what_is_already_known_stands() -> None:
    raw = orjson.dumps(document(ama(), pulse(performer=[{"reference": "Practitioner/osei"}])))
    bundle = parse_bundle(raw, FILE, known=lambda reference: reference == "Practitioner/osei")

    assert len(bundle.entries) == 2


def test_a_file_that_is_absent_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="absent.json: The file cannot be read"):
        read_bundle(tmp_path / "absent.json")

    (tmp_path / "large.json").write_bytes(b" " * 2**20 + b"{}")
    monkeypatch.setattr("chiron.interop.fhir.bundle.MAX_BYTES", 2**20)
    with pytest.raises(Refused, match="large.json: The file is larger than 1 MiB."):
        read_bundle(tmp_path / "large.json")
