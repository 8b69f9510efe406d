"""Rely on Chiron's sign-in in another Python service. Needs PyJWT with cryptography and nothing else of Chiron.

    auth = AuthService("https://auth.clinic.example")

    @require_auth(auth, "patients.read")
    def application(environ, start_response):  # WSGI; an ASGI application alike
        user = get_current_user()

A framework with a way of its own calls ``auth.user_of(authorization_header)`` instead, and answers a ``Refused`` with
its ``status``. Signatures are checked here, by the service's public keys; whether the session still stands is asked,
and a yes is remembered for a second at most. Where nobody can be asked, nobody is let in: 503.
"""

import asyncio
import http
import inspect
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import Context, ContextVar, copy_context
from dataclasses import dataclass
from http.client import HTTPException
from threading import Lock
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Application = TypeVar("Application", bound=Callable[..., Any])

ISSUER = AUDIENCE = "chiron"
KIND = "at+jwt"
WRITTEN = re.compile(r"[\w-]+\.[\w-]+\.[\w-]{85}[AQgw]", re.ASCII)
LONGEST_TOKEN, LONGEST_ANSWER = 4096, 16 * 2**20
REMEMBERED = 10_000


class Refused(Exception):
    """Nobody is let in; ``status`` and ``headers`` are what to answer, ``code`` says why."""

    status, code = 401, "not-signed-in"
    headers: Mapping[str, str] = {"WWW-Authenticate": "Bearer"}


class NotSignedIn(Refused):
    """No access token, or none that is valid now."""


class NotPermitted(Refused):
    """The token is valid, and this is not permitted to its bearer, or nothing is."""

    status, code, headers = 403, "not-permitted", {}


class Unreachable(Refused):
    """The service does not answer, so nobody can be known."""

    status, code, headers = 503, "unavailable", {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class User:
    """Who calls: ids as text, roles, permissions such as ``patients.read``, when the token expires (seconds)."""

    id: str
    organization_id: str | None
    roles: frozenset[str]
    permissions: frozenset[str]
    expires_at: float


class Keys:
    """A service's public keys, by id: kept for five minutes, and for an hour where the service is away.

    An id that is not among them has them fetched again, at most once a second however many forged ones there are.
    """

    KEPT, LONGEST, PAUSE = 300.0, 3600.0, 1.0

    def __init__(
        self,
        fetch: Callable[[], Any],
        retired: Callable[[], None] = lambda: None,
        seconds: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._retired, self._seconds = fetch, retired, seconds
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched = self._tried = float("-inf")
        self._failed = False
        self._fetching = Lock()

    def get(self, id: str) -> Ed25519PublicKey | None:
        """The key with that id; None where the service has none. Raises Unreachable where that cannot be known."""
        if not self._knows(id):
            with self._fetching:
                if not self._knows(id) and self._seconds() - self._tried >= self.PAUSE:
                    self._renew()
        if self._failed and (id not in self._keys or self._age() >= self.LONGEST):
            raise Unreachable
        return self._keys.get(id)

    def _knows(self, id: str) -> bool:
        return id in self._keys and self._age() < self.KEPT

    def _age(self) -> float:
        return self._seconds() - self._fetched

    def _renew(self) -> None:
        self._tried, self._failed = self._seconds(), True
        try:
            said = self._fetch()["keys"]
            ours = [each for each in said if each["kty"] == "OKP" and each["crv"] == "Ed25519"]
            keys = {str(each["kid"]): jwt.PyJWK(each).key for each in ours}
        except (Refused, KeyError, TypeError, jwt.PyJWTError):
            return
        gone = self._keys.keys() - keys.keys()
        self._keys, self._fetched, self._failed = keys, self._tried, False
        if gone:
            self._retired()


class AuthService:
    """Chiron's auth service, seen from another one. ``remember`` is for how many seconds a yes is good, at most one."""

    def __init__(self, url: str, *, remember: float = 1.0, patience: float = 2.0) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("the auth service is named by a URL, http:// or https://")
        self._url, self._remember, self._patience = url.rstrip("/"), min(remember, 1.0), patience
        self._keys = Keys(lambda: self._ask("/.well-known/jwks.json")[1])
        self._known: dict[str, tuple[float, User]] = {}

    def user_of(self, authorization: str | None) -> User:
        """Who calls, by the Authorization header. Raises NotSignedIn, NotPermitted, Unreachable."""
        kind, _, token = (authorization or "").partition(" ")
        if kind.lower() != "bearer":
            raise NotSignedIn
        return self.user(token.strip())

    def user(self, token: str) -> User:
        """Whose access token this is, if it opens anything now. Raises as ``user_of``."""
        asked = time.monotonic()
        until, user = self._known.get(token, (0.0, None))
        if user and asked < until and time.time() < user.expires_at:
            return user
        self._must_be_signed(token)
        user = _user(*self._ask("/auth/validate", {"token": token}))
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[token] = asked + self._remember, user
        return user

    def may(self, token: str, resource: str, action: str, id: str | None = None) -> bool:
        """Whether the bearer may do this or, with an id, to that object. Raises NotSignedIn, NotPermitted, Unreachable.

        A ValueError says that objects of that resource cannot be asked about.
        """
        question = {"resource": resource, "action": action} | ({"id": id} if id else {})
        status, said = self._ask("/auth/authorize", question, token)
        match status:
            case 200:
                return bool(said["authorized"])
            case 401:
                raise NotSignedIn
            case 403:
                raise NotPermitted
            case 422:
                raise ValueError("this cannot be asked")
            case _:
                raise Unreachable

    def _must_be_signed(self, token: str) -> None:
        try:
            if len(token) > LONGEST_TOKEN or not WRITTEN.fullmatch(token):
                raise NotSignedIn
            header = jwt.get_unverified_header(token)
            key = self._keys.get(str(header.get("kid")))
            if key is None or header.get("typ") != KIND:
                raise NotSignedIn
            jwt.decode(token, key, algorithms=["EdDSA"], issuer=ISSUER, audience=AUDIENCE, leeway=5)
        except jwt.PyJWTError:
            raise NotSignedIn from None

    def _ask(self, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return fetch(self._url + path, body, headers, self._patience)


def _user(status: int, said: Any) -> User:
    try:
        if status == 200 and said["valid"] is True:
            roles, permissions = frozenset(said["roles"]), frozenset(said["permissions"])
            return User(said["user_id"], said["organization_id"], roles, permissions, float(said["exp"]))
        refusal = NotSignedIn if said["reason"] == NotSignedIn.code else NotPermitted
    except (KeyError, TypeError, ValueError):
        raise Unreachable from None
    raise refusal


def require_auth(auth: AuthService, *permissions: str) -> Callable[[Application], Application]:
    """Let only those into a WSGI or ASGI application who are signed in and have all these permissions.

    Others are answered 401, 403 or, where nobody can know, 503, as problem documents (RFC 9457).
    """

    def guard(application: Application) -> Application:
        is_asgi = any(map(inspect.iscoroutinefunction, (application, getattr(application, "__call__", None))))  # noqa: B004
        return (_ASGI if is_asgi else _WSGI)(application, auth, frozenset(permissions))  # type: ignore[return-value]

    return guard


def get_current_user() -> User:
    """Who called the application that is being run. Raises LookupError outside of one."""
    return _current.get()


_current: ContextVar[User] = ContextVar("chiron_user")


class _Guarded:
    def __init__(self, application: Callable[..., Any], auth: AuthService, permissions: frozenset[str]) -> None:
        self._application, self._auth, self._permissions = application, auth, permissions

    def _admitted(self, authorization: str | None) -> User:
        user = self._auth.user_of(authorization)
        if not self._permissions <= user.permissions:
            raise NotPermitted
        return user


class _WSGI(_Guarded):
    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            user = self._admitted(environ.get("HTTP_AUTHORIZATION"))
        except Refused as refusal:
            headers, body = _problem(refusal)
            start_response(f"{refusal.status} {http.HTTPStatus(refusal.status).phrase}", headers)
            return [body]
        context = copy_context()
        context.run(_current.set, user)
        return _Within(context, context.run(self._application, environ, start_response))


class _Within:
    """The parts of an answer, made where the caller is known."""

    def __init__(self, context: Context, parts: Iterable[bytes]) -> None:
        self._context, self._parts = context, parts

    def __iter__(self) -> Iterator[bytes]:
        parts = self._context.run(iter, self._parts)
        while (part := self._context.run(next, parts, None)) is not None:
            yield part

    def close(self) -> None:
        """Have the application tidy up."""
        if hasattr(self._parts, "close"):
            self._context.run(self._parts.close)


class _ASGI(_Guarded):
    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._application(scope, receive, send)
            return
        sent = dict(scope["headers"]).get(b"authorization")
        try:
            user = await asyncio.to_thread(self._admitted, sent.decode("latin-1") if sent else None)
        except Refused as refusal:
            await self._refuse(scope, send, refusal)
            return
        before = _current.set(user)
        try:
            await self._application(scope, receive, send)
        finally:
            _current.reset(before)

    async def _refuse(self, scope: dict[str, Any], send: Any, refusal: Refused) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        headers, body = _problem(refusal)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": refusal.status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


def _problem(refusal: Refused) -> tuple[list[tuple[str, str]], bytes]:
    phrase = http.HTTPStatus(refusal.status).phrase
    body = json.dumps({"type": f"/problems/{refusal.code}", "title": phrase, "status": refusal.status}).encode()
    headers = {"Content-Type": "application/problem+json", "Content-Length": str(len(body)), **refusal.headers}
    return list(headers.items()), body


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Nowhere else."""


_opener = build_opener(ProxyHandler({}), _NoRedirects)


def fetch(
    url: str, body: Any = None, headers: Mapping[str, str] | None = None, seconds: float = 2.0
) -> tuple[int, Any]:
    """Status and JSON of an answer below 500. Raises Unreachable where there is none in time, or it is no JSON."""
    data = None if body is None else json.dumps(body).encode()
    said = {"Content-Type": "application/json", **(headers or {})}
    request = Request(url, data, said)  # noqa: S310  who names the service makes sure that it is http
    try:
        with _opener.open(request, timeout=seconds) as answer:
            return answer.status, json.loads(answer.read(LONGEST_ANSWER))
    except HTTPError as refusal:
        with refusal:
            if 400 <= refusal.code < 500:
                return refusal.code, None
            raise Unreachable from None
    except (OSError, HTTPException, ValueError):
        raise Unreachable from None
