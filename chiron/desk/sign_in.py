"""Signing in and out at the desk, by the cookies that the API gives to browsers."""

from datetime import datetime

from django import forms
from django.http import HttpRequest, HttpResponse

from chiron.desk.pages import See, onward, page, see
from chiron.identity.public import Challenge, SignedIn, browsers
from chiron.kernel import clock
from chiron.kernel.access import Call, Proof, limited, needs, open_to_all
from chiron.kernel.errors import DomainError, Invalid


class Knocking(forms.Form):
    """A form of whoever is not signed in yet: it says why not, and nothing of what was typed but the name."""

    status = 200

    def attempt(self, request: HttpRequest, now: datetime) -> SignedIn | Challenge | None:
        """The session that was opened, or a challenge; None where it was refused, and says why."""
        if not self.is_valid():
            self.status = Invalid.status
            return None
        try:
            return self.knock(request, now)
        except DomainError as refusal:
            self.status = refusal.status
            self.add_error(None, str(refusal))
            return None

    def knock(self, request: HttpRequest, now: datetime) -> SignedIn | Challenge:
        raise NotImplementedError


class Password(Knocking):
    """Who, and their password."""

    name = forms.CharField(max_length=254)
    password = forms.CharField(max_length=1000, strip=False)
    organization = forms.CharField(max_length=100, required=False)

    def knock(self, request: HttpRequest, now: datetime) -> SignedIn | Challenge:
        return browsers.enter(request, **self.cleaned_data, now=now)


class Code(Knocking):
    """The code of an authenticator app, or a backup code, for a password that was right."""

    mfa_token = forms.CharField(max_length=1000)
    code = forms.CharField(max_length=40)

    def knock(self, request: HttpRequest, now: datetime) -> SignedIn:
        return browsers.finish(request, **self.cleaned_data, now=now)


@open_to_all("Whoever is not signed in signs in here.")
def open_form(request: HttpRequest) -> HttpResponse:
    """The sign-in page."""
    form = Password(initial={"organization": request.GET.get("organization", "")})
    return page(request, "sign_in", {"form": form, "onward": onward(request)})


@open_to_all("Signing in is how one is known.")
@limited("sign-in")
def enter(request: HttpRequest) -> HttpResponse:
    """Sign in, or be asked for a code."""
    form = Password(request.POST)
    opened = form.attempt(request, clock.now())
    if isinstance(opened, SignedIn):
        return welcomed(request, opened)
    shown = {"form": form, "onward": onward(request), "challenge": opened}
    return page(request, "code" if opened else "sign_in", shown, form.status)


@open_to_all("A challenge says whose password was right.")
@limited("code")
def finish(request: HttpRequest) -> HttpResponse:
    """Finish signing in with a code."""
    form = Code(request.POST)
    opened = form.attempt(request, clock.now())
    if isinstance(opened, SignedIn):
        return welcomed(request, opened)
    return page(request, "code", {"form": form, "onward": onward(request)}, form.status)


@needs("sessions", "delete", proof=Proof.ENROLLING)
def leave(request: Call) -> HttpResponse:
    """Sign out."""
    response = see("sign-in")
    browsers.leave(request, response, by=request.caller, now=clock.now())
    return response


def welcomed(request: HttpRequest, opened: SignedIn) -> See:
    """To where somebody wanted to go, with the cookies of the session."""
    response = See(onward(request))
    browsers.welcome(request, response, opened)
    return response
