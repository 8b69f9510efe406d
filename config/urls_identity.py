"""Addresses of a process that signs people in and does nothing else (`serve --only identity`)."""

from django.urls import path

from config.urls import app, handler400, handler404, handler500, namespace, of_identity, signing_in, state

urlpatterns = [path("api/", (of_identity, app, namespace)), *signing_in, *state]

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]
