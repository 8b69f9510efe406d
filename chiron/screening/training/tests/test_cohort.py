"""Which rows count, what is read of them, and that the answer is not among the questions."""

from pathlib import Path

import numpy as np
import pytest

from chiron.screening.blood.analytes import DIFFERENTIAL
from chiron.screening.blood.features import FEATURES
from chiron.screening.training.cohort import Source, read_cohort, subgroups_of
from chiron.screening.training.columns import CANONICAL, Columns, columns_of
from chiron.screening.training.errors import LabelLeaks, TrainingRefused
from chiron.screening.training.labels import Equation, Label
from chiron.screening.training.tests.factories import ALICE, ROCHE, source, written


def test_a_row_is_read_in_the_order_of_the_features(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.csv", [ALICE, ALICE | {"patient": "bob", "sex": "male", "basophils": ""}])

    cohort = read_cohort(path, source())

    as_written = [13.5, 40.5, 4.5, 90, 30, 33.3, 13.1, 6.5, 250, 60, 30, 7, 2.5, 0.5, 44, 1]
    assert cohort.features[0].tolist() == as_written
    assert np.isnan(cohort.features[1, FEATURES.index("basophils")])
    assert cohort.features[1, FEATURES.index("sex")] == 0
    assert (cohort.b12.tolist(), cohort.periods.tolist()) == ([420, 420], ["2021", "2021"])
    assert cohort.patients.tolist() == ["alice", "bob"]


def test_without_its_differential_a_file_need_not_have_one_and_none_is_read(tmp_path: Path) -> None:
    bare = {name: value for name, value in ALICE.items() if name not in DIFFERENTIAL}
    without = Source(CANONICAL, "time", ROCHE, {}, differential=False)

    found = [
        read_cohort(written(tmp_path / f"{number}.csv", [row]), without).features[0]
        for number, row in enumerate((ALICE, bare))
    ]

    assert [FEATURES[each] for each in np.flatnonzero(np.isnan(found[0]))] == list(DIFFERENTIAL)
    np.testing.assert_array_equal(found[0], found[1])
    with pytest.raises(TrainingRefused, match="no column neutrophils"):
        read_cohort(tmp_path / "1.csv", source())


def test_who_does_not_count_is_left_out_and_counted_by_reason(tmp_path: Path) -> None:
    others = [
        {"age": "19"}, {"age": "86"}, {"age": ""},
        {"pregnant": "yes"}, {"pregnant": "1.0"},
        {"b12": ""}, {"b12": "0"},
        {"sex": "unknown"}, {"patient": ""}, {"time": ""},
        {"mcv": ""},
        {"mcv": "120"}, {"hemoglobin": "135"},
        {"rdw": "high"}, {"rdw": "inf"}, {"age": "1e400"}, {"b12": "-1e999"},
    ]  # fmt: skip
    path = written(tmp_path / "rows.csv", [ALICE | {"pregnant": "no"}, *(ALICE | each for each in others)])

    cohort = read_cohort(path, source())

    assert len(cohort) == 1
    assert cohort.left_out == {
        "a count that is not whole": 1,
        "a count that would be refused": 2,
        "a value that is no number": 4,
        "age not 20 to 85": 3,
        "no B12 value": 2,
        "no sex, time or patient": 3,
        "pregnant": 2,
    }


def test_a_file_in_other_units_is_read_to_the_same_rows(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.csv", [ALICE | {"hemoglobin": "135", "b12": "310"}])
    label = Label(unit="pmol/L", assay="Roche E170", cutoffs=(200, 300))

    cohort = read_cohort(path, Source(CANONICAL, "time", label, {"hemoglobin": "g/L"}))

    assert cohort.features[0, 0] == 13.5
    assert cohort.b12[0] == pytest.approx(310 * 1.35537)


def test_the_assay_equation_holds_for_its_period_only(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.csv", [ALICE, ALICE | {"time": "2022-03-04"}])
    label = Label("pg/mL", "Roche E170", (200, 300), (Equation(0.97, 0.14, "2021"),))

    cohort = read_cohort(path, source(label))

    assert cohort.periods.tolist() == ["2021", "2022"]
    assert cohort.b12.tolist() == pytest.approx([10 ** (0.97 * np.log10(420) + 0.14), 420])


def test_only_the_columns_of_the_features_reach_a_model(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain.csv", [ALICE, ALICE | {"patient": "bob", "b12": "150"}])
    more = {"mma_umol_l": "0.1", "homocysteine": "8", "b12_again": "420"}
    told = written(tmp_path / "told.csv", [ALICE | more, ALICE | more | {"patient": "bob", "b12": "150"}])

    assert read_cohort(plain, source()).digest() == read_cohort(told, source()).digest()


@pytest.mark.parametrize(
    "column", ["b12", "B12_pmol", "LBXMMA", "serum_mma", "methylmalonate", "HCY", "homocysteine", "holoTC", "Cobalamin"]
)
def test_a_feature_from_a_column_of_the_labels_kind_is_refused(column: str) -> None:
    with pytest.raises(LabelLeaks, match=column):
        Columns(features=CANONICAL.features | {"rdw": column})


def test_a_mapping_may_not_leave_out_add_or_double_a_feature(tmp_path: Path) -> None:
    with pytest.raises(TrainingRefused, match="ferritin"):
        Columns(features=CANONICAL.features | {"ferritin": "ferritin"})
    with pytest.raises(TrainingRefused, match="Two features"):
        Columns(features=CANONICAL.features | {"rdw": "mcv"})
    with pytest.raises(LabelLeaks, match="outcome"):
        columns_of(str(mapping(tmp_path, '{"rdw": "outcome"}')), label="outcome")
    for broken in ("[]", "{", '{"rdw": 3}'):
        with pytest.raises(TrainingRefused, match="JSON"):
            columns_of(str(mapping(tmp_path, broken)))


def test_a_mapping_names_what_is_called_otherwise(tmp_path: Path) -> None:
    renamed = {("HGB" if name == "hemoglobin" else name): value for name, value in ALICE.items()}
    path = written(tmp_path / "rows.csv", [renamed])

    columns = columns_of(str(mapping(tmp_path, '{"hemoglobin": "HGB"}')))

    assert read_cohort(path, Source(columns, "time", ROCHE, {})).features[0, 0] == 13.5


def test_the_label_in_disguise_is_found_by_what_it_tells(tmp_path: Path) -> None:
    rows = [
        ALICE | {"patient": str(number), "b12": str(150 + 10 * number), "platelets": str(150 + 10 * number)}
        for number in range(60)
    ]

    with pytest.raises(LabelLeaks, match="platelets alone answers stage 1"):
        read_cohort(written(tmp_path / "rows.csv", rows), source(Label("pg/mL", "Roche E170", (200, 400))))


def test_a_file_that_lacks_a_column_or_holds_nobody_is_refused(tmp_path: Path) -> None:
    lacking = written(tmp_path / "lacking.csv", [{name: value for name, value in ALICE.items() if name != "mcv"}])
    with pytest.raises(TrainingRefused, match="no column mcv"):
        read_cohort(lacking, source())
    with pytest.raises(TrainingRefused, match="No row"):
        read_cohort(written(tmp_path / "young.csv", [ALICE | {"age": "12"}]), source())
    days = written(
        tmp_path / "days.csv", [ALICE | {"time": f"{day % 28 + 1}/{day % 12 + 1}/2021"} for day in range(84)]
    )
    with pytest.raises(TrainingRefused, match="More than 60 periods"):
        read_cohort(days, source())
    (tmp_path / "odd.csv").write_bytes(b"patient,\xff\n")
    for unreadable in ("absent.csv", "odd.csv"):
        with pytest.raises(TrainingRefused, match="cannot be read"):
            read_cohort(tmp_path / unreadable, source())


def test_groups_are_sex_age_and_what_else_the_file_tells(tmp_path: Path) -> None:
    rows = [ALICE | {"metformin": "1", "age": age} for age in ("20", "39", "40", "59", "60", "85")]

    cohort = read_cohort(written(tmp_path / "rows.csv", rows), source())

    groups = subgroups_of(cohort)
    assert groups["age"].tolist() == ["20-39", "20-39", "40-59", "40-59", "60-85", "60-85"]
    assert set(groups["sex"]) == {"female"}
    assert set(groups["metformin"]) == {"1"}
    assert set(groups) == {"sex", "age", "metformin"}


@pytest.mark.parametrize(
    ("unit", "assay", "cutoffs"),
    [("ng/mL", "Roche", (200, 300)), ("pg/mL", " ", (200, 300)), ("pg/mL", "R", (300, 200))],
)
def test_a_label_has_a_unit_an_assay_and_rising_cutoffs(unit: str, assay: str, cutoffs: tuple[float, float]) -> None:
    with pytest.raises(TrainingRefused):
        Label(unit, assay, cutoffs)


def test_the_definition_of_the_label_is_its_version() -> None:
    assert ROCHE.as_data()["version"] == "serum-b12/Roche E170/200-300/1"


def mapping(folder: Path, content: str) -> Path:
    path = folder / "columns.json"
    path.write_text(content, encoding="utf-8")
    return path
