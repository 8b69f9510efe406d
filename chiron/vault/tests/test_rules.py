from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chiron.vault.rules import answers, folded, query_labels, query_words, stored_labels, stored_words

FOUND = [
    ("jose", "José Núñez"),
    ("NUNEZ", "José Núñez"),
    ("jos nun", "José Núñez"),
    ("muller", "Müller"),
    ("MÜLLER", "müller"),
    ("strasse", "Straße"),
    ("bjork", "Björk"),
    ("soren", "Søren"),
    ("lukasz", "Łukasz"),
    ("aegir", "Ægir"),
    ("thorunn", "Þórunn"),
    ("istanbul", "İSTANBUL"),
    ("işıl", "Isil"),
    ("o'brien", "O’Brien"),
    ("o'brien", "OBrien"),
    ("obrien", "O'Brien"),
    ("brien", "O'Brien"),
    ("anne-marie", "Anne Marie"),
    ("anne marie", "Anne-Marie"),
    ("annemarie", "Anne‐Marie"),
    ("jean-d'arc", "Jean-D'Arc"),
    ("jeandarc", "Jean-D'Arc"),
    ("li", "Li Na"),
    ("NG", "Ng"),
    ("bartholomaeusz", "Bartholomaeuszewicz"),
    ("γιωργος", "Γιώργος Παπαδόπουλος"),
    ("ΠΑΠΑΔΟΠΟΥΛΟΣ", "Παπαδόπουλος"),
    ("семен", "Семён Фёдоров"),
    ("ФЕДОР", "Семён Фёдоров"),
    ("محمد", "مُحَمَّد"),
    ("احمد", "أحمد علي"),
    ("على", "على"),
    ("משה", "מֹשֶׁה"),
    ("王", "王 小明"),
    ("小明", "王 小明"),
    ("欧阳娜", "欧阳娜娜"),
    ("김민준", "김민준"),
    ("김민준", normalize("NFD", "김민준")),
    ("nguyen", "Nguyễn Văn Đức"),
    ("duc", "Nguyễn Văn Đức"),
    ("Đức", "nguyen van duc"),
    ("राम", "रामचन्द्र"),
    ("प्रिया", "प्रिया शर्मा"),
    ("ｔａｎａｋａ", "Tanaka"),
    ("タナカ", "ﾀﾅｶ"),
    ("alireza", "Ali\u200creza"),
    ("muller", "Mül\u00adler"),
    ("12", "12"),
]
NOT_FOUND = [
    ("jo", "José"),
    ("l", "Li"),
    ("li", "Lina"),
    ("李", "李小龙"),
    ("小龙", "李小龙"),
    ("ose", "José"),
    ("jose marie", "José Núñez"),
    ("anne", "An Ne"),
    ("bartholomaeuszek", "Bartholomaeuszewicz"),
    ("राम", "रमा"),
    ("が", "か"),
    ("김", "김민준"),
    ("", "José"),
    ("-", "Anne-Marie"),
    ("' - '", "O'Brien"),
    ("🙂", "🙂"),
    ("jose", ""),
]


@pytest.mark.parametrize(("query", "name"), FOUND)
def test_a_name_is_found_by_its_words_and_their_beginnings(query: str, name: str) -> None:
    assert answers(query, name)
    assert query_labels(query) <= stored_labels(name)


@pytest.mark.parametrize(("query", "name"), NOT_FOUND)
def test_a_name_is_not_found_by_anything_else(query: str, name: str) -> None:
    assert not answers(query, name)


def test_words_may_lie_in_different_texts() -> None:
    assert answers("nun jose", "José", "Núñez")
    assert not answers("josenunez", "José", "Núñez")


def test_only_beginnings_of_three_to_twelve_letters_and_short_words_are_kept() -> None:
    assert stored_labels("Li Müller") == {"li", "mul", "mull", "mulle", "muller"}
    assert max(len(label) for label in stored_labels("Bartholomaeuszewicz")) == 12


def test_apostrophes_and_hyphens_leave_both_the_parts_and_the_whole() -> None:
    assert stored_words("O'Brien-Núñez") == {"o", "brien", "nunez", "obrien", "obriennunez"}
    assert query_words("O'Brien-Núñez") == ["nunez", "obrien"]


letters = st.text(
    st.sampled_from("aäÄbcøØłİıßeéÉ'’-‐ .,2 liNg\u0301\u200d\u00ad") | st.characters(exclude_categories=["Cs"])
    | st.sampled_from("ΆάςΣЙёمُحأ王小김민ễĐप्रिが\u3099\u0345ﬁⅧ"),
    max_size=25,
)  # fmt: skip


@given(letters, letters)
def test_what_answers_a_query_is_never_missed_by_the_index(query: str, name: str) -> None:
    if answers(query, name):
        assert query_labels(query) <= stored_labels(name)


@given(letters, st.lists(st.integers(0, 30), min_size=1, max_size=3))
def test_every_beginning_of_a_stored_word_finds_it(name: str, cuts: list[int]) -> None:
    words = sorted(stored_words(name))
    query = " ".join(words[cut % len(words)][: 3 + cut % 12] for cut in cuts) if words else ""

    wanted = query_words(query)

    if all(word in stored_words(name) or len(word) >= 3 for word in wanted) and answers(query, name):
        assert query_labels(query) <= stored_labels(name)


@given(letters)
def test_a_name_is_found_by_itself_in_either_unicode_form_and_case(name: str) -> None:
    for query in (name, normalize("NFC", name), normalize("NFD", name), normalize("NFKC", name)):
        assert answers(query, name) == bool(query_words(name))
        assert query_labels(query) <= stored_labels(name)


@given(letters)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert folded(folded(text)) == folded(text)
