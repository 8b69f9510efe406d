"""The queue, for platform operators: what waits, what is dead, and trying that again."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from chiron.jobs.public import NotDead, Queued, try_again
from chiron.kernel.access import Caller
from chiron.kernel.admin import LookOnly


@admin.register(Queued)
class QueuedPage(LookOnly):
    title, icon, place = "Jobs", "pending_actions", 85
    list_display = ("id", "task_name", "status", "attempts", "scheduled_at")
    list_filter = ("status",)
    ordering = ("-id",)
    actions = ("replay",)

    @admin.action(description="Try again what is dead")
    def replay(self, request: HttpRequest, chosen: "QuerySet[Queued]") -> None:
        by: Caller = request.caller  # type: ignore[attr-defined]
        for job_id in chosen.values_list("id", flat=True):
            try:
                try_again(by=by, job_id=job_id)
            except NotDead as refusal:
                self.message_user(request, f"{job_id}: {refusal}", messages.ERROR)
            else:
                self.message_user(request, f"{job_id}: will be tried again", messages.SUCCESS)
