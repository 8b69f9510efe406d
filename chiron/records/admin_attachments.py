"""The administration of attachments: what is attached to which record; the bytes are served by the API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from chiron.kernel.access import Caller
from chiron.kernel.cells import Link, Tag, short
from chiron.kernel.forms import Act
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.records.attachments import attachment_for, every_attachment, look_at_attachment
from chiron.records.models import Attachment
from chiron.records.services.attach import withdraw_attachment
from chiron.records.words import Status

STATES = {Status.ACTIVE: Tag("active", "good"), Status.ENTERED_IN_ERROR: Tag("entered in error", "bad")}


class WithdrawFile(Act):
    slug, label, need, grave = "withdraw", "Mark as entered in error", ("attachments", "delete"), True

    reason = forms.CharField(max_length=2_000, help_text="The file is kept, and no longer listed with its record.")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        self.attachment = attachment_for(self.by, self.row_id, "delete")
        return {"version": self.attachment.version}

    def perform(self, now: datetime) -> UUID:
        said = self.cleaned_data
        withdraw_attachment(
            by=self.by, attachment=self.attachment, if_match=said["version"], reason=said["reason"], now=now
        )
        return self.row_id


@admin.register(Attachment)
class AttachmentPage(Page):
    resource, id_name = "attachments", "attachment_id"
    title, group, icon, place = "Attachments", "Records", "attach_file", 22
    heads = ("Name", "Kind", "Size", "State", "Added")
    acts = (WithdrawFile,)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found, cursor = every_attachment(by, query)
        rows = [
            (self.link(each.name, each.attachment.id), each.manifest.content_type, filesizeformat(each.manifest.size),
             STATES[Status(each.attachment.status)], each.attachment.recorded_at)
            for each in found
        ]  # fmt: skip
        return Listed(rows, cursor)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = look_at_attachment(by, row_id)
        row = found.attachment
        facts = [
            ("Name", found.name), ("Kind", found.manifest.content_type), ("Size", filesizeformat(found.manifest.size)),
            ("State", STATES[Status(row.status)]), ("Added", row.recorded_at), ("Changed", row.updated_at),
            ("Version", row.version), ("Id", str(row.id)),
        ]  # fmt: skip
        record = Link("The record", reverse("admin:records_record_change", args=[row.record_id]))
        closed = (WithdrawFile.slug,) if row.status == Status.ENTERED_IN_ERROR else ()
        return Shown(f"Attachment {short(row_id)}", facts, links=[record], closed=closed)
