import pytest

from chiron.scheduling.tests.factories import NOW


@pytest.fixture
def monday(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is Monday noon at the desk; whoever is asked about tokens knows nothing of it."""
    frozen = type("Monday", (), {"now": staticmethod(lambda: NOW)})
    for place in ("schedule", "booking", "acts", "waitlist", "notifications"):
        monkeypatch.setattr(f"chiron.desk.{place}.clock", frozen)
