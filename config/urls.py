"""Addresses: the API and its documentation, health, the keys, the desk, the admin.

Two other forms serve a part of them each.
"""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from chiron.desk.addresses import ADDRESSES
from chiron.identity.wellknown import jwks, taken_back
from chiron.notifications.pages import stop
from chiron.operations.metrics import metrics
from chiron.scheduling.pages import answer
from chiron.scheduling.pages_offers import answer_offer
from config.api import api
from config.desk import served
from config.health import health, live, ready
from config.routes import by_first_word

SERVICE = ("auth/validate", "auth/authorize")
"""What other services ask, outside of `/api` as well, where they have always found it."""
IDENTITY = frozenset({"auth", "users", "memberships", "organizations", "mail"})
"""The first words of what belongs to signing in, for the forms in which it is served apart."""

addresses, app, namespace = api.urls
asked_by_services = [
    path(str(each.pattern), each.callback) for each in addresses if each.callback and str(each.pattern) in SERVICE
]
by_word = by_first_word(addresses)
of_identity = [each for each in by_word if str(each.pattern).partition("/")[0] in IDENTITY]

documentation = [
    path("", RedirectView.as_view(url="/api/docs")),
    path("api", RedirectView.as_view(url="/api/docs")),
]
state = [
    path("health", health),
    path("health/live", live),
    path("health/ready", ready),
    path("metrics", metrics),
]
behind_mail = [
    path("mail/stop/<str:token>", stop),
    path("mail/appointment/<str:token>", answer),
    path("mail/offer/<str:token>", answer_offer),
]
"""Where the links in our mail lead, beside those to the front end."""

signing_in = [*asked_by_services, path("auth/revocations", taken_back), path(".well-known/jwks.json", jwks)]
urlpatterns = [
    *documentation,
    path("api/", (by_word, app, namespace)),
    *signing_in,
    *state,
    *behind_mail,
    path("desk", RedirectView.as_view(url="/desk/")),
    path("desk/", (served(ADDRESSES), "desk", "desk")),
    path("admin", RedirectView.as_view(url="/admin/")),
    path("admin/", admin.site.urls),
]

handler400 = "chiron.kernel.problems.bad_request"
handler404 = "chiron.kernel.problems.not_found"
handler500 = "chiron.kernel.problems.server_error"
