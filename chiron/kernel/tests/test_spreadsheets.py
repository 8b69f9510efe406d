import pytest

from chiron.kernel.spreadsheets import inert


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", "＠SUM(A1)"])
def test_what_a_spreadsheet_would_compute_stands_behind_an_apostrophe(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "Mensah", "a=b", "1-2", "'=1", " a", "é"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert inert(text) == text
