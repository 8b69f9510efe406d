"""The house of the administration: its site, and the middleware that the API does not pay for."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth import authenticate
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import path, reverse
from django.urls.resolvers import URLPattern, URLResolver
from django.views.decorators.csrf import csrf_protect
from typing_extensions import override
from unfold.forms import AuthenticationForm  # type: ignore[import-untyped]
from unfold.sites import UnfoldAdminSite  # type: ignore[import-untyped]
from unfold.widgets import UnfoldAdminTextInputWidget  # type: ignore[import-untyped]

from chiron.identity.authentication import visitor
from chiron.identity.models import Account
from chiron.identity.seats import Seat
from chiron.identity.services.administration import open_administration
from chiron.identity.services.sign_in import sign_out
from chiron.kernel import clock
from chiron.kernel.admin import LookOnly, WithoutForms
from chiron.kernel.errors import DomainError, NotFound, NotPermitted
from chiron.kernel.headers import PAGE
from chiron.kernel.pages import Page
from config.administration import CHOICE, SESSION, seated

Next = Callable[[HttpRequest], HttpResponseBase]
CONTENT_SECURITY_POLICY = PAGE.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)
"""The theme evaluates what its attributes say, and writes styles into pages."""
CLOSED = {"password_change", "password_change_done", "view_on_site", "autocomplete"}
"""Addresses of Django's that would pass by our verbs and doors."""


def only_for_admin(get_response: Next) -> Next:
    """Wrap ``/admin/`` in Django's session, CSRF, sign-in and message middleware; let everything else pass."""
    wrapped: Any = seated(get_response)
    for middleware in (MessageMiddleware, AuthenticationMiddleware, CsrfViewMiddleware, SessionMiddleware):
        wrapped = middleware(wrapped)

    def handle(request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/admin/"):
            return get_response(request)
        response: HttpResponseBase = wrapped(request)
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response

    return handle


class SignInForm(AuthenticationForm):  # type: ignore[misc]
    """Name, password, and a code for who has a second factor; the backend admits only who has a seat."""

    error_messages: ClassVar[dict[str, str]] = {
        "invalid_login": "Nobody who administers anything here has this name, password and code."
    }

    code = forms.CharField(
        label="Code of the second factor",
        help_text="If you use an authenticator app: its present code, or a backup code.",
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "one-time-code"}),
    )

    @override
    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = self.cleaned_data
        if said.get("username") and said.get("password"):
            self.user_cache = authenticate(self.request, **said)
            if self.user_cache is None:
                raise self.get_invalid_login_error()
        return said

    @override
    def confirm_login_allowed(self, user: Account) -> None:
        """Nothing is left to confirm."""


class Site(UnfoldAdminSite):  # type: ignore[misc]
    """Django's admin for whoever has taken a seat."""

    index_title = "Dashboard"

    @override
    def has_permission(self, request: HttpRequest) -> bool:
        return getattr(request, "caller", None) is not None

    @override
    def register(self, models: Any, admin_class: Any = None, **options: Any) -> None:
        """Open a page of ours; what others bring, as Django its groups, has none."""
        if admin_class is not None and issubclass(admin_class, WithoutForms):
            super().register(models, admin_class, **options)

    @override
    def get_urls(self) -> list[URLPattern | URLResolver]:
        ours = [path("choose/", csrf_protect(self.choose), name="choose")]
        return ours + [each for each in super().get_urls() if getattr(each, "name", "") not in CLOSED]

    @override
    def admin_view(self, view: Callable[..., HttpResponseBase], cacheable: bool = False) -> Callable[..., Any]:
        """Answer what a page refuses with a page; another organization's object and a missing one are the same."""
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def handle(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                return guarded(request, *args, **kwargs)  # type: ignore[no-any-return]
            except DomainError as refusal:
                return self.refused(request, refusal)
            except Http404:
                return self.refused(request, NotFound())
            except PermissionDenied:
                return self.refused(request, NotPermitted())

        return handle

    def refused(self, request: HttpRequest, refusal: DomainError) -> HttpResponse:
        """The page of a refusal."""
        context = {**self.each_context(request), "title": f"{refusal.status}", "refusal": str(refusal)}
        return TemplateResponse(request, "chiron/refused.html", context, status=refusal.status)

    @override
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: HttpResponse = super().login(request, extra_context)
        account = request.user
        if request.method == "POST" and response.status_code == 302 and isinstance(account, Account):
            mfa_at = request.mfa_at  # type: ignore[attr-defined]
            session = open_administration(by=visitor(request), account=account, mfa_at=mfa_at, now=clock.now())
            request.session[SESSION] = str(session.id)
        return response

    @override
    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        seats: list[Seat] = getattr(request, "seats", [])
        if request.method == "POST" and seats:
            sign_out(by=seats[0].caller, now=clock.now())
        response: HttpResponse = super().logout(request, extra_context)
        return response

    def choose(self, request: HttpRequest) -> HttpResponse:
        """Take one of several seats."""
        seats: list[Seat] = getattr(request, "seats", [])
        if not seats:
            return redirect("admin:login")
        if request.method == "POST" and request.POST.get("seat") in {seat.key for seat in seats if not seat.closed}:
            request.session[CHOICE] = request.POST["seat"]
            return redirect("admin:index")
        context = {**self.each_context(request), "title": "Where do you want to work?", "seats": seats}
        return TemplateResponse(request, "chiron/choose.html", context)


def place(request: HttpRequest) -> str:
    """Below the name of the product: the place where one sits."""
    seat: Seat | None = getattr(request, "seat", None)
    return seat.name if seat else ""


def stylesheet(request: HttpRequest) -> str:
    """What the theme does not bring: plots, facts, phone width."""
    return static("chiron/admin.css")


def account_links(request: HttpRequest) -> list[dict[str, str]]:
    """Where somebody with several seats takes another."""
    several = len(getattr(request, "seats", [])) > 1
    return [{"title": "Work elsewhere" if several else "Where you work", "link": reverse("admin:choose")}]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages that the policy opens to whoever asks, in their groups."""
    groups: dict[str, list[dict[str, Any]]] = {}
    pages: Iterable[Any] = admin.site._registry.values()
    for page in sorted((each for each in pages if isinstance(each, Page | LookOnly)), key=lambda page: page.place):
        if page.has_module_permission(request):
            name = f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist"
            item = {"title": page.title, "icon": page.icon, "link": reverse(name)}
            groups.setdefault(page.group, []).append(item)
    first = {"items": [{"title": "Dashboard", "icon": "space_dashboard", "link": reverse("admin:index")}]}
    return [first, *({"title": group, "items": items} for group, items in groups.items())]
