"""How an operation asks for a second factor that was just shown: by one word in its mark."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import path
from ninja import NinjaAPI, Router

from chiron.identity.models import Membership
from chiron.identity.public import Role, begin
from chiron.kernel import problems
from chiron.kernel.access import Call, Caller, Proof, needs
from chiron.kernel.clock import now
from config.operation import guarded
from tests.town import Clinic

pytestmark = pytest.mark.urls(__name__)
planted = Router()
exported: list[Any] = []


@planted.post("/exports")
@needs("audit", "read", proof=Proof.FRESH)
def export(request: Call) -> dict[str, str]:
    """Give away what must not leave by a stolen session."""
    exported.append(request.caller.account_id)
    return {"export": "everything"}


def planted_api() -> NinjaAPI:
    api = NinjaAPI(urls_namespace="step-up")
    problems.register(api)
    api.add_decorator(guarded, mode="view")
    api.add_router("", planted)
    return api


urlpatterns = [path("api/", planted_api().urls)]


def ask(clinic: Clinic, role: Role, minutes: float | None) -> Any:
    membership = Membership.objects.select_related("account").get(id=clinic.who[role].membership_id or clinic.id)
    mfa_at = None if minutes is None else now() - timedelta(minutes=minutes)
    token = begin(by=Caller(), account=membership.account, membership=membership, mfa_at=mfa_at, now=now()).access
    return Client(headers={"authorization": f"Bearer {token}"}).post("/api/exports")


@pytest.mark.parametrize("minutes", [None, 5.1, 60])
def test_a_session_alone_exports_nothing(minutes: float | None, hilltop: Clinic) -> None:
    exported.clear()

    answer = ask(hilltop, Role.ADMIN, minutes)

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/step-up-required")
    assert exported == []


def test_a_second_factor_shown_just_now_opens_what_the_role_may(hilltop: Clinic) -> None:
    exported.clear()

    answers = [ask(hilltop, role, 4.9) for role in (Role.ADMIN, Role.LAB)]

    assert [answer.status_code for answer in answers] == [200, 403]
    assert exported == [hilltop.who[Role.ADMIN].account_id]
