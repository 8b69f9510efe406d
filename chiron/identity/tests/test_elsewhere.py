"""Identity in another process: what is asked, how often, and what happens where nobody answers."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from chiron.client import Keys, Unreachable
from chiron.identity import elsewhere
from chiron.identity.keys import published_keys, signing_key
from chiron.identity.revocations import Snapshot, read_snapshot
from chiron.identity.roles import Role
from chiron.identity.services.sign_in import sign_out
from chiron.identity.tests.factories import claims, header, jws, new_member, problem, signed_in
from chiron.identity.tokens import forget_tokens, verified
from chiron.kernel.clock import now
from chiron.kernel.errors import NotSignedIn, Unavailable
from chiron.kernel.ids import new_id

URL = "http://auth.invalid"


class Service:
    """An auth service that counts how often it is asked, and may be away."""

    def __init__(self) -> None:
        self.keys: dict[str, Any] = published_keys()
        self.asked, self.away, self.at, self.retired = 0, False, 1000.0, 0

    def __call__(self) -> dict[str, Any]:
        self.asked += 1
        if self.away:
            raise Unreachable
        return self.keys

    def retire(self) -> None:
        self.retired += 1

    def cache(self) -> Keys:
        return Keys(self, self.retire, lambda: self.at)


@pytest.fixture
def service() -> Service:
    return Service()


def test_keys_are_fetched_once_in_five_minutes(service: Service) -> None:
    keys = service.cache()

    for _ in range(100):
        assert keys.get(signing_key().id) is not None
    service.at += Keys.KEPT - 1
    assert keys.get(signing_key().id) is not None
    assert service.asked == 1

    service.at += 1
    assert keys.get(signing_key().id) is not None
    assert service.asked == 2


def test_a_thousand_unknown_ids_have_keys_fetched_once_a_second(service: Service) -> None:
    keys = service.cache()
    keys.get(signing_key().id)

    service.at += Keys.PAUSE
    for _ in range(1000):
        assert keys.get(str(new_id())) is None
    assert service.asked == 2

    service.at += Keys.PAUSE
    assert keys.get("another") is None
    assert service.asked == 3


def test_a_key_that_is_new_there_is_known_here_with_its_first_token(service: Service) -> None:
    keys, new = service.cache(), "new"
    keys.get(signing_key().id)
    service.keys = {"keys": [*service.keys["keys"], service.keys["keys"][0] | {"kid": new}]}

    service.at += Keys.PAUSE

    assert keys.get(new) is not None
    assert service.retired == 0


def test_a_key_that_is_gone_there_is_gone_here_within_five_minutes(service: Service) -> None:
    keys = service.cache()
    keys.get(signing_key().id)
    service.keys = {"keys": [service.keys["keys"][0] | {"kid": "other"}]}

    service.at += Keys.KEPT

    assert keys.get(signing_key().id) is None
    assert service.retired == 1


def test_known_keys_serve_for_an_hour_without_their_service_and_then_no_more(service: Service) -> None:
    keys = service.cache()
    keys.get(signing_key().id)
    service.away = True

    service.at += Keys.LONGEST - 1
    assert keys.get(signing_key().id) is not None
    with pytest.raises(Unreachable):
        keys.get("unknown")

    service.at += 1
    with pytest.raises(Unreachable):
        keys.get(signing_key().id)

    service.away = False
    service.at += Keys.PAUSE
    assert keys.get(signing_key().id) is not None


@pytest.mark.parametrize(
    "said", [None, {}, {"keys": None}, {"keys": [{}]}, {"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a"}]}]
)
def test_what_is_no_key_set_is_as_no_answer(said: Any, service: Service) -> None:
    service.keys = said

    with pytest.raises(Unreachable):
        service.cache().get("a")


@pytest.mark.parametrize("kty", [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}, {"kty": "oct", "k": "AA"}])
def test_keys_of_other_kinds_are_passed_over(kty: dict[str, str], service: Service) -> None:
    service.keys = {"keys": [kty | {"kid": "odd"}, *service.keys["keys"]]}
    keys = service.cache()

    assert keys.get(signing_key().id) is not None
    assert keys.get("odd") is None


class Answers:
    """Stands for the network: what each address answers, and how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.said: dict[str, Any] = {"/.well-known/jwks.json": published_keys()}

    def __call__(self, url: str, *_: Any, **__: Any) -> tuple[int, Any]:
        self.asked.append(path := url.removeprefix(URL))
        if path not in self.said:
            raise Unreachable
        return 200, self.said[path]


@pytest.fixture
def there(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """This process has people signed in by another."""
    answers = Answers()
    monkeypatch.setattr(elsewhere, "fetch", answers)
    settings.AUTH_SERVICE_URL = URL
    elsewhere.auth_service.cache_clear()
    forget_tokens()
    return answers


def test_a_token_is_verified_here_with_the_keys_from_there(there: Answers) -> None:
    for _ in range(10):
        assert verified(jws(header(), claims()))
        with pytest.raises(NotSignedIn):
            verified(jws(header(kid=str(new_id())), claims()))

    assert there.asked.count("/.well-known/jwks.json") == 1


def test_who_does_not_sign_people_in_believes_no_access_token_of_its_own_key(there: Answers) -> None:
    there.said["/.well-known/jwks.json"] = {"keys": []}

    with pytest.raises(NotSignedIn):
        verified(jws(header(), claims()))


def test_without_keys_nobody_is_known(there: Answers) -> None:
    there.said.clear()

    for _ in range(100):
        with pytest.raises(Unavailable):
            verified(jws(header(), claims()))
    assert len(there.asked) == 1


def test_without_a_snapshot_it_is_asked_again_half_a_second_later(
    there: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [100.0]
    monkeypatch.setattr("chiron.identity.elsewhere.time.monotonic", lambda: seconds[0])
    service = elsewhere.auth_service(URL)

    for _ in range(100):
        with pytest.raises(Unavailable):
            service.taken_back(now())
    assert len(there.asked) == 1

    seconds[0] += elsewhere.PAUSE
    there.said["/auth/revocations"] = Snapshot().as_said()
    assert Snapshot.heard(service.taken_back(now())) == Snapshot()


@pytest.mark.parametrize("said", [None, [], {}, {"sessions": ["x"], "versions": {}, "suspended": []}])
def test_what_is_no_snapshot_lets_nobody_in(said: Any) -> None:
    with pytest.raises(Unavailable):
        Snapshot.heard(said)


def test_a_snapshot_is_heard_as_it_was_said(hilltop: Any) -> None:
    opened = signed_in(new_member(hilltop.id, Role.LAB))
    sign_out(by=verified(opened.access).caller, now=now())

    answer = Client().get("/auth/revocations", headers={elsewhere.HEADER: elsewhere.proof(now())})

    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    heard = Snapshot.heard(answer.json())
    assert heard == read_snapshot(now())
    assert opened.session_id in heard.sessions


@pytest.mark.parametrize("age", [timedelta(seconds=61), timedelta(seconds=-62)])
def test_a_question_that_was_overheard_is_soon_worth_nothing(age: timedelta, db: None) -> None:
    proof = elsewhere.proof(now() - age)

    assert problem(Client().get("/auth/revocations", headers={elsewhere.HEADER: proof})) == (401, "not-signed-in")


@pytest.mark.parametrize("proof", ["", "x", "é", "A" * 54, "A" * 5000])
def test_who_cannot_prove_to_be_one_of_us_is_told_nothing(proof: str, db: None) -> None:
    assert not elsewhere.is_proved(proof, now())


def test_a_secret_of_another_installation_proves_nothing(settings: Any) -> None:
    proof = elsewhere.proof(now())
    assert elsewhere.is_proved(proof, now())

    settings.SECRET_KEY = "another"

    assert not elsewhere.is_proved(proof, now())
