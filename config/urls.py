"""Addresses: the API and its documentation, health, the keys, the admin."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from chiron.identity.wellknown import jwks
from config.api import api
from config.health import health, live, ready
from config.routes import by_first_word

SERVICE = ("auth/validate", "auth/authorize")
"""What other services ask, outside of `/api` as well, where they have always found it."""

addresses, app, namespace = api.urls
asked_by_services = [
    path(str(each.pattern), each.callback) for each in addresses if each.callback and str(each.pattern) in SERVICE
]
urlpatterns = [
    *asked_by_services,
    path("", RedirectView.as_view(url="/api/docs")),
    path("api", RedirectView.as_view(url="/api/docs")),
    path("api/", (by_first_word(addresses), app, namespace)),
    path("health", health),
    path("health/live", live),
    path("health/ready", ready),
    path(".well-known/jwks.json", jwks),
    path("admin/", admin.site.urls),
]

handler400 = "chiron.kernel.problems.bad_request"
handler404 = "chiron.kernel.problems.not_found"
handler500 = "chiron.kernel.problems.server_error"
