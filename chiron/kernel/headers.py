"""What every answer tells browsers, whoever made it: run nothing, frame nothing, keep nothing, tell no other site.

Django's own `SecurityMiddleware` adds HSTS, `nosniff`, the referrer policy and the opener policy.
"""

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

Next = Callable[[HttpRequest], HttpResponseBase]


def policy(**allowed: str) -> str:
    """A content security policy that allows this and nothing else: ``policy(script_src="'self'")``."""
    fixed = {"default_src": "'none'", "base_uri": "'none'", "form_action": "'none'", "frame_ancestors": "'none'"}
    return "; ".join(f"{name.replace('_', '-')} {sources}" for name, sources in (fixed | allowed).items())


OWN = "'self'"
PAGE = policy(script_src=OWN, style_src=OWN, img_src=f"{OWN} data:", font_src=OWN, connect_src=OWN, form_action=OWN)
"""For a page of ours: what comes from here, and nothing written into the page itself."""
FEATURES = (
    "accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer", "microphone", "midi",
    "payment", "usb",
)  # fmt: skip
USUAL = {
    "Content-Security-Policy": policy(),
    "X-Frame-Options": "DENY",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FEATURES),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "chiron",  # or the server writes its own name here
}
"""On every answer that says nothing else itself."""
BARE = USUAL | {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""For who answers before Django is asked."""


def hardened(get_response: Next) -> Next:
    """Outside of everything that may answer: refusals, redirects, preflights, files, streams and bugs included."""

    def handle(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        for name, value in USUAL.items():
            response.headers.setdefault(name, value)
        return response

    return handle


def page(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """A view whose answer is a page of ours."""

    def shown(*args: object, **kwargs: object) -> HttpResponseBase:
        response = view(*args, **kwargs)
        response.headers["Content-Security-Policy"] = PAGE
        return response

    return shown
