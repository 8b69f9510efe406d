"""Each index against a count whose value was worked out by hand."""

import pytest

from chiron.screening.blood.indices import indices_of

TRAIT = {"hemoglobin": 11.0, "rbc": 5.8, "mcv": 62.0, "mch": 19.0, "rdw": 15.0}
DEFICIENCY = {"hemoglobin": 9.0, "rbc": 4.0, "mcv": 72.0, "mch": 22.5, "rdw": 19.0}
EXPECTED = {
    "Mentzer": (10.689655172413794, 18.0),
    "Green-King": (52.41818181818182, 109.44),
    "England-Fraser": (-2.2, 19.6),
    "RDWI": (160.3448275862069, 342.0),
    "Shine-Lal": (730.36, 1166.4),
    "Srivastava": (3.2758620689655173, 5.625),
    "Sirdah": (23.2, 41.0),
    "Ehsani": (4.0, 32.0),
    "Ricerca": (2.586206896551724, 4.75),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_index_has_the_value_that_its_authors_would_find(name: str) -> None:
    trait, deficiency = ({each.name: each for each in indices_of(count)}[name] for count in (TRAIT, DEFICIENCY))

    assert (trait.value, deficiency.value) == pytest.approx(EXPECTED[name], rel=1e-12)
    assert trait.points_to == "thalassemia-trait"
    assert deficiency.points_to == ("thalassemia-trait" if name == "Shine-Lal" else "iron-deficiency")


def test_on_its_cutoff_an_index_points_to_iron_deficiency() -> None:
    mentzer = indices_of(TRAIT | {"rbc": 5.0, "mcv": 65.0})[0]

    assert (mentzer.value, mentzer.points_to) == (13.0, "iron-deficiency")


def test_every_index_says_where_it_comes_from() -> None:
    assert [each.name for each in indices_of(TRAIT)] == list(EXPECTED)
    assert all(each.source[-1].isdigit() and each.formula for each in indices_of(TRAIT))
