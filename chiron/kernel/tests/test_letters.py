"""Letters: whose language, and how days and times are said in it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from chiron.kernel.letters import Letter, day_of, language_of, letter, time_of

INSTANT = datetime(2031, 3, 4, 13, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("locale", "language"), [("fr", "fr"), ("fr-CA", "fr"), ("FR-ca", "fr"), ("en-GB", "en"), ("de", "en"), ("", "en")]
)
def test_everybody_reads_a_language_that_there_is(locale: str, language: str) -> None:
    assert language_of(locale) == language


@pytest.mark.parametrize(
    ("locale", "zone", "day", "time"),
    [
        ("en", "Europe/Berlin", "Tuesday, March 4, 2031", "2:05\u202fPM (Central European Standard Time)"),
        ("en-GB", "Africa/Accra", "Tuesday, 4 March 2031", "13:05 (Greenwich Mean Time)"),
        ("fr", "Europe/Paris", "mardi 4 mars 2031", "14:05 (heure normale d’Europe centrale)"),
        ("fr-CA", "America/Toronto", "mardi 4 mars 2031", "08 h 05 (heure normale de l’Est)"),
        ("fr", "Asia/Tokyo", "mardi 4 mars 2031", "22:05 (heure normale du Japon)"),
        ("de", "UTC", "Tuesday, March 4, 2031", "1:05\u202fPM (Coordinated Universal Time)"),
        ("fr-nowhere-x1", "UTC", "mardi 4 mars 2031", "13:05 (temps universel coordonné)"),
    ],
)
def test_a_time_is_said_as_there_with_the_name_of_its_zone(locale: str, zone: str, day: str, time: str) -> None:
    assert (day_of(INSTANT, ZoneInfo(zone), locale), time_of(INSTANT, ZoneInfo(zone), locale)) == (day, time)


def test_summer_has_another_name() -> None:
    summer = datetime(2031, 7, 4, 13, 5, tzinfo=UTC)

    assert time_of(summer, ZoneInfo("Europe/Paris"), "fr") == "15:05 (heure d’été d’Europe centrale)"


def test_a_letter_has_a_subject_and_a_body_with_its_facts() -> None:
    assert letter("chiron.identity", "address_code", "fr-CH", link="https://clinic.example/x?code=$y") == Letter(
        "Confirmez votre adresse électronique",
        "Ce lien confirme que cette adresse est la vôtre. Il est valable une semaine\u00a0:\n\n"
        "https://clinic.example/x?code=$y\n\nSi vous n’avez pas créé de compte, il n’y a rien à faire.\n",
    )


def test_a_letter_without_one_of_its_facts_is_a_bug() -> None:
    with pytest.raises(KeyError):
        letter("chiron.identity", "address_code", "en")
