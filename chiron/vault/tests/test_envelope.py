import copy
import pickle
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.vault.envelope import HEADER, Cipher, Header, derived, place
from chiron.vault.errors import OpeningFailed

KEY_ID, SECRET, HERE = UUID(int=7), bytes(range(32)), place("here")
CIPHER = Cipher(KEY_ID, SECRET, "seal")

VALUE_OF_VERSION_1 = (
    "c501000000000000000000000000000000074e80eb0390faa3afa9be34663b4d0efadbd4c687e5e5752d9e42d1bbbd0c"
    "03a04aec6d73b95cddc9b3b8af006ace2c00abdb724f7a666977f490b641691b1a2c4827d57fc916a6"
)


@given(st.binary(max_size=2000))
def test_what_was_sealed_opens(plain: bytes) -> None:
    sealed = CIPHER.seal(HERE, plain)

    assert CIPHER.open(HERE, sealed) == plain
    assert len(sealed) == len(plain) + 78


def test_the_header_names_the_key_and_is_never_the_same_twice() -> None:
    sealed = [CIPHER.seal(HERE, b"the same") for _ in range(1000)]

    assert {Header.of(one).key_id for one in sealed} == {KEY_ID}
    assert len({Header.of(one).nonce for one in sealed}) == 1000
    assert len({one[HEADER.size :] for one in sealed}) == 1000


def test_values_sealed_by_the_first_version_still_open() -> None:
    sealed = bytes.fromhex(VALUE_OF_VERSION_1)

    assert CIPHER.open(HERE, sealed) == b"Kofi Mensah"


def test_every_flipped_bit_is_refused() -> None:
    sealed = CIPHER.seal(HERE, b"Kofi Mensah")

    for bit in range(len(sealed) * 8):
        altered = bytearray(sealed)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(OpeningFailed):
            CIPHER.open(HERE, bytes(altered))


def test_every_shortened_or_lengthened_value_is_refused() -> None:
    sealed = CIPHER.seal(HERE, b"Kofi Mensah")

    for altered in [*(sealed[:length] for length in range(len(sealed))), sealed + b"\0", b"\0" + sealed]:
        with pytest.raises(OpeningFailed):
            CIPHER.open(HERE, altered)


@given(st.binary(max_size=200))
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(OpeningFailed):
        CIPHER.open(HERE, garbage)
    with pytest.raises(OpeningFailed):
        CIPHER.open(HERE, CIPHER.seal(HERE, b"")[: HEADER.size] + garbage)


def test_a_value_that_commits_to_another_key_is_refused_though_it_would_decrypt() -> None:
    forger = Cipher(KEY_ID, SECRET, "seal")
    forger._commitment = bytes(32)
    forged = forger.seal(HERE, b"two meanings")

    assert forger.open(HERE, forged) == b"two meanings"
    with pytest.raises(OpeningFailed):
        CIPHER.open(HERE, forged)


def test_a_value_that_names_another_key_is_refused_though_the_secret_is_the_same() -> None:
    with pytest.raises(OpeningFailed):
        CIPHER.open(HERE, Cipher(UUID(int=8), SECRET, "seal").seal(HERE, b"Kofi Mensah"))


def test_one_secret_has_another_key_for_each_purpose() -> None:
    wrapping = Cipher(KEY_ID, SECRET, "wrap patient key")

    assert len({derived(SECRET, purpose) for purpose in ("seal", "wrap patient key", "index names")} | {SECRET}) == 4
    with pytest.raises(OpeningFailed):
        CIPHER.open(HERE, wrapping.seal(HERE, b"a key"))


parts = st.lists(st.text(max_size=5), max_size=5)


@given(parts, parts)
def test_different_places_never_look_the_same(one: list[str], other: list[str]) -> None:
    assert (place(*one) == place(*other)) == (one == other)


def test_a_key_cannot_be_copied_out_of_its_process() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(CIPHER)
    with pytest.raises(TypeError):
        copy.copy(CIPHER)
    assert SECRET.hex() not in repr(CIPHER)
