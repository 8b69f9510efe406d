"""Our pages in a real browser, under the policy that they are served with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chiron.identity.public import Role
from tests.browsing import CHROMIUM, Page, browser
from tests.serving import Serving, serving
from tests.test_openapi import OPERATIONS
from tests.town import Clinic, drop_organization, make_clinic

pytestmark = [
    pytest.mark.stress,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
ADMINISTRATION = {
    "": "Dashboard",
    "registry/patient/": "Patients",
    "registry/patient/add/": "Register a patient",
    "registry/department/add/": "Add a department",
    "records/record/": "Records",
    "scheduling/appointment/": "Calendar",
    "scheduling/appointment/day/": "Calendar",
    "choose/": "Where do you want to work?",
    "nothing/": "404",
}
SHOWN = """new Promise(done => {{
    const look = () => document.querySelector('{}') ? done() : requestAnimationFrame(look); look()
}})"""


@pytest.fixture(scope="module")
def clinic(django_db_setup: None, django_db_blocker: Any) -> Iterator[Clinic]:
    """A clinic that is there for a browser, too."""
    with django_db_blocker.unblock():
        clinic = make_clinic(None)
        yield clinic
        drop_organization(clinic.organization)


@pytest.fixture(scope="module")
def server(clinic: Clinic) -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with browser(tmp_path) as page:
        yield page


def test_the_documentation_works_under_its_policy(page: Page, server: Serving) -> None:
    page.go(f"http://127.0.0.1:{server.port}/api/docs")
    page.say(SHOWN.format(".opblock"))
    page.say("document.querySelector('.opblock button').click()")
    page.say(SHOWN.format(".opblock-body"))

    assert page.say("document.querySelectorAll('.opblock').length") == len(OPERATIONS)
    assert page.complaints == []


@pytest.mark.parametrize(("scheme", "light"), [("light", 1.0), ("dark", 0.2)])
def test_the_administration_works_under_its_policy(
    scheme: str, light: float, page: Page, server: Serving, clinic: Clinic, django_db_blocker: Any
) -> None:
    page.do("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    with django_db_blocker.unblock():
        session = clinic.desk(Role.ADMIN).cookies["chiron-admin"].value
    page.go(f"http://127.0.0.1:{server.port}/admin/login/")
    page.do("Network.setCookie", name="chiron-admin", value=session, url=f"http://127.0.0.1:{server.port}/")
    titles, grounds = [], set()

    for path in ADMINISTRATION:
        page.go(f"http://127.0.0.1:{server.port}/admin/{path}")
        page.say("new Promise(done => requestIdleCallback(done))")
        titles.append(page.say("document.title"))
        grounds.add(page.say("getComputedStyle(document.body).backgroundColor"))

    assert titles == [f"{title} | Chiron" for title in ADMINISTRATION.values()]
    assert [round(float(each.removeprefix("oklch(").split()[0]), 1) for each in grounds] == [light]
    assert [each for each in page.complaints if "404" not in each] == []
