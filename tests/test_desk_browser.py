"""A morning at the desk in a real browser, by the keyboard alone, under the policy that the pages are served with."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL
from chiron.notifications.public import Kind, notify
from chiron.scheduling.models import Appointment
from chiron.scheduling.tests.factories import BERLIN, receives
from chiron.scheduling.wallclock import wall_of
from chiron.tenancy.public import inside
from tests.browsing import CHROMIUM, Page, browser
from tests.serving import Serving, serving
from tests.town import PASSWORD, Clinic, drop_organization, make_clinic
from tests.waiting import until

pytestmark = [
    pytest.mark.stress,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "ArrowRight": 39}
"""What a keyboard says of a key."""
FOCUSED = """(() => {
    const at = document.activeElement, named = at.labels && at.labels.length ? at.labels[0].innerText : at.innerText
    return (named || at.tagName).trim()
})()"""
OUTLINED = """(() => {
    const at = document.activeElement, beside = at.nextElementSibling
    const seen = each => each && getComputedStyle(each).outlineStyle !== 'none'
    return seen(at) || (at.type === 'radio' && seen(beside))
})()"""
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
PALE = """(() => {
    const light = colour => {
        const parts = colour.match(/[\\d.]+/g).slice(0, 3).map(each => each / 255)
            .map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    }
    const ground = element => {
        const colour = element ? getComputedStyle(element).backgroundColor : 'rgb(255, 255, 255)'
        return colour === 'rgba(0, 0, 0, 0)' ? ground(element.parentElement) : colour
    }
    const written = element => [...element.childNodes].some(each => each.nodeType === 3 && each.textContent.trim())
    return [...document.body.querySelectorAll('*')].filter(each => written(each) && each.checkVisibility())
        .map(each => [each.innerText, light(getComputedStyle(each).color), light(ground(each))])
        .filter(([, a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5).map(([text]) => text)
})()"""
"""What is written with less contrast than WCAG 2.2 asks for (4.5 to 1, success criterion 1.4.3)."""
NAMELESS = """[...document.querySelectorAll('input:not([type=hidden]), select, button, a')]
    .filter(each => !(each.innerText || each.textContent).trim() && !(each.labels && each.labels.length))
    .map(each => each.outerHTML)"""
"""What nobody who cannot see it could name (success criterion 4.1.2)."""


class Keyboard:
    """Somebody at the page who has no mouse."""

    def __init__(self, page: Page, server: Serving) -> None:
        self.page, self.place = page, f"http://127.0.0.1:{server.port}/desk/"

    def press(self, key: str) -> None:
        of = {"key": key, "windowsVirtualKeyCode": KEYS[key]}
        self.page.do("Input.dispatchKeyEvent", type="keyDown", text={"Enter": "\r", " ": " "}.get(key, ""), **of)
        self.page.do("Input.dispatchKeyEvent", type="keyUp", **of)

    def write(self, text: str) -> None:
        self.page.do("Input.insertText", text=text)

    def to(self, what: str) -> None:
        """Press Tab until that has the focus, which is then to be seen."""
        for _ in range(80):
            self.press("Tab")
            if self.page.say(FOCUSED).startswith(what):
                assert self.page.say(OUTLINED), what
                return
        raise AssertionError(f"nobody comes to {what} by Tab")

    def see(self, text: str) -> None:
        """Wait until the page says that."""
        until(lambda: self.page.shows(text), 20)

    def sign_in(self, clinic: Clinic) -> None:
        self.page.go(self.place)
        self.write(f"{clinic.organization.slug}-receptionist")
        self.to("Password")
        self.write(PASSWORD)
        self.press("Enter")
        self.see("All doctors")


@pytest.fixture(scope="module")
def clinic(django_db_setup: None, django_db_blocker: Any) -> Iterator[Clinic]:
    """A clinic that is there for a browser, too; its doctor receives at every hour."""
    with django_db_blocker.unblock():
        clinic = make_clinic(None)
        with inside(clinic.id):
            receives(clinic.doctor_id, ("00:00", "00:00"))
        yield clinic
        drop_organization(clinic.organization)


@pytest.fixture(scope="module")
def server(clinic: Clinic) -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture
def keyboard(tmp_path: Path, server: Serving, clinic: Clinic) -> Iterator[Keyboard]:
    """Somebody who has just signed in."""
    with browser(tmp_path) as page:
        keyboard = Keyboard(page, server)
        keyboard.sign_in(clinic)
        yield keyboard


def tomorrow() -> date:
    return (wall_of(now(), BERLIN) + timedelta(days=1)).date()


def standing(clinic: Clinic) -> list[tuple[str, str]]:
    """Every appointment: when by the doctor's clock, and where it stands."""
    with inside(clinic.id):
        rows = list(Appointment.objects.order_by("id"))
    return [(f"{wall_of(each.starts_at, BERLIN):%Y-%m-%d %H:%M}", each.status) for each in rows]


def test_a_morning_by_the_keyboard_alone(keyboard: Keyboard, clinic: Clinic, django_db_blocker: Any) -> None:
    page, day = keyboard.page, tomorrow()
    page.go(f"{keyboard.place}book?date={day}")

    keyboard.write("mens")
    keyboard.press("Enter")
    keyboard.see("Kofi Mensah")
    keyboard.to("00:00")
    keyboard.press("ArrowRight")
    keyboard.to("Reason")
    keyboard.write("Cough")
    keyboard.to("Book")
    keyboard.press("Enter")
    keyboard.see("Booked.")
    with django_db_blocker.unblock():
        booked = standing(clinic)
    keyboard.to("Move")
    keyboard.press("Enter")
    keyboard.see("Leave it as it is")
    keyboard.to("00:00")
    keyboard.press(" ")
    keyboard.to("Move")
    keyboard.press("Enter")
    keyboard.see("Moved to its new time.")
    with django_db_blocker.unblock():
        moved = standing(clinic)
    keyboard.to("Cancel this appointment")
    keyboard.press("Enter")
    keyboard.to("Why?")
    keyboard.write("Ill")
    keyboard.press("Enter")
    keyboard.see("Cancelled; the time is free again.")

    with django_db_blocker.unblock():
        cancelled = standing(clinic)
    assert booked == [(f"{day} 00:30", "booked")]
    assert moved == [(f"{day} 00:00", "booked")]
    assert cancelled == [(f"{day} 00:00", "cancelled")]
    assert page.complaints == []


def test_what_happens_elsewhere_is_on_the_page_a_moment_later(
    keyboard: Keyboard, clinic: Clinic, server: Serving, django_db_blocker: Any
) -> None:
    keyboard.page.go(f"{keyboard.place}?date={tomorrow()}")
    told = [clinic.who[Role.RECEPTIONIST].account_id or NIL]
    with django_db_blocker.unblock(), inside(clinic.id):
        notify(kind=Kind.BOOKED, to=told, resource="appointments", resource_id=NIL, now=now())
    heard = "document.getElementById('heard').innerText"
    until(lambda: keyboard.page.say(heard) == "An appointment was booked.", 20)  # of the new device it was told before
    unread = keyboard.page.say("document.querySelector('b.bell').innerText")

    said = {
        "doctor_id": str(clinic.doctor_id), "patient_id": str(clinic.other_patient_id),
        "appointment_date": str(tomorrow()), "start_time": "09:00",
    }  # fmt: skip
    with django_db_blocker.unblock():
        answer = clinic.client(Role.ADMIN).post("/api/appointments/book", said, content_type="application/json")
    keyboard.see("Esi Boateng")

    assert int(unread) >= 1
    assert answer.status_code == 201
    assert keyboard.page.complaints == []


@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_can_be_read_and_named(scheme: str, width: int, keyboard: Keyboard, clinic: Clinic) -> None:
    page = keyboard.page
    page.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    page.do("Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=width < 500)
    wrong: dict[tuple[str, str], Any] = {}

    for path in (f"?date={tomorrow()}", "book", "waitlist", "waitlist/join", "notifications", "sign-in", "nothing"):
        page.go(keyboard.place + path)
        wrong |= {(path, what): found for what in (TOO_WIDE, PALE, NAMELESS) if (found := page.say(what))}

    assert wrong == {}
    assert [each for each in page.complaints if "404" not in each] == []
