"""The platform's trail, to be looked at: sign-ins, memberships, organizations."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from typing_extensions import override

from chiron.audit.models import Event
from chiron.audit.trails import PLATFORM
from chiron.kernel.admin import LookOnly


@admin.register(Event)
class EventPage(LookOnly):
    list_display = ("at", "action", "outcome", "account_id", "organization_id", "resource", "resource_id")
    list_filter = ("outcome",)
    search_fields = ("=action", "=account_id", "=organization_id", "=session_id")
    ordering = ("-id",)
    exclude = ("payload", "mac", "xid")

    @override
    def get_queryset(self, request: HttpRequest) -> "QuerySet[Event]":
        return Event.objects.using(PLATFORM.alias).order_by("-id")
