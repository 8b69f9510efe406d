"""Nine classical indices that tell iron deficiency from thalassaemia trait where erythrocytes are small.

Their cutoffs differ between populations (Hoffmann et al. 2015, Clin Chem Lab Med 53:1883, a meta-analysis). They are
given beside a screening because a laboratory looks at them anyway, and they take no part in it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chiron.screening.blood.reading import Count


@dataclass(frozen=True, slots=True)
class Definition:
    """An index: below its cutoff it points to thalassaemia trait, from the cutoff on to iron deficiency."""

    name: str
    formula: str
    cutoff: float
    source: str
    value: Callable[[Count], float]


@dataclass(frozen=True, slots=True)
class Index:
    """An index of one count. ``points_to`` means something where MCV is low."""

    name: str
    formula: str
    value: float
    cutoff: float
    points_to: str
    source: str


DEFINITIONS = (
    Definition("Mentzer", "MCV / RBC", 13, "Mentzer 1973, Lancet 1:882", lambda c: c["mcv"] / c["rbc"]),
    Definition(
        "Green-King", "MCV^2 x RDW / (100 x Hb)", 65, "Green and King 1989, Blood Cells 15:481",
        lambda c: c["mcv"] ** 2 * c["rdw"] / (100 * c["hemoglobin"]),
    ),
    Definition(
        "England-Fraser", "MCV - RBC - 5 x Hb - 3.4", 0, "England and Fraser 1973, Lancet 1:449",
        lambda c: c["mcv"] - c["rbc"] - 5 * c["hemoglobin"] - 3.4,
    ),
    Definition(
        "RDWI", "MCV x RDW / RBC", 220, "Jayabose et al. 1999, J Pediatr Hematol Oncol 21:314",
        lambda c: c["mcv"] * c["rdw"] / c["rbc"],
    ),
    Definition(
        "Shine-Lal", "MCV^2 x MCH / 100", 1530, "Shine and Lal 1977, Lancet 1:692",
        lambda c: c["mcv"] ** 2 * c["mch"] / 100,
    ),
    Definition("Srivastava", "MCH / RBC", 3.8, "Srivastava 1973, Lancet 2:154", lambda c: c["mch"] / c["rbc"]),
    Definition(
        "Sirdah", "MCV - RBC - 3 x Hb", 27, "Sirdah et al. 2008, Int J Lab Hematol 30:324",
        lambda c: c["mcv"] - c["rbc"] - 3 * c["hemoglobin"],
    ),
    Definition(
        "Ehsani", "MCV - 10 x RBC", 15, "Ehsani et al. 2009, Pak J Biol Sci 12:473",
        lambda c: c["mcv"] - 10 * c["rbc"],
    ),
    Definition(
        "Ricerca", "RDW / RBC", 4.4, "Ricerca et al. 1987, Haematologica 72:409", lambda c: c["rdw"] / c["rbc"]
    ),
)  # fmt: skip


def indices_of(count: Count) -> list[Index]:
    """All of them for one count in canonical units."""
    found = []
    for each in DEFINITIONS:
        value = each.value(count)
        points_to = "thalassemia-trait" if value < each.cutoff else "iron-deficiency"
        found.append(Index(each.name, each.formula, value, each.cutoff, points_to, each.source))
    return found
