"""Addresses of a process that has people signed in by another (`AUTH_SERVICE_URL`): everything else but admin and desk.

Administration and desk sign people in themselves and work on accounts and clinical data at once, so neither half serves
them.
"""

from django.urls import path

from config.urls import (
    app,
    behind_mail,
    by_word,
    documentation,
    handler400,
    handler404,
    handler500,
    namespace,
    of_identity,
    state,
)

elsewhere = frozenset(map(id, of_identity))
urlpatterns = [
    *documentation,
    path("api/", ([each for each in by_word if id(each) not in elsewhere], app, namespace)),
    *state,
    *behind_mail,
]

__all__ = ["handler400", "handler404", "handler500", "urlpatterns"]
