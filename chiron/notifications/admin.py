"""The administration of notifications: what was to be mailed, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import Tag, short
from chiron.kernel.forms import Act, Dressed, choices
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.notifications.models import Delivery
from chiron.notifications.services.deliveries import list_deliveries, read_delivery, try_again

State = Delivery.State
TONES = {State.SENT: "good", State.FAILED: "bad", State.SUPPRESSED: "warn"}


class SeekDelivery(Dressed):
    state = forms.ChoiceField(choices=choices(State.choices), required=False)


class TryAgain(Act):
    slug, label, need = "again", "Try again", ("deliveries", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        if looked_at:
            read_delivery(self.by, self.row_id)
        return {}

    def perform(self, now: datetime) -> UUID:
        return try_again(by=self.by, delivery_id=self.row_id, now=now).id


@admin.register(Delivery)
class DeliveryPage(Page):
    resource, id_name = "deliveries", "delivery_id"
    title, group, icon, place = "Mail", "Oversight", "outgoing_mail", 34
    heads = ("Not before", "Kind", "State", "Reason", "Attempts", "Sent")
    seek = SeekDelivery
    acts = (TryAgain,)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = list_deliveries(by, query, state=asked["state"])
        rows = [
            (self.link(each.not_before, each.id), each.notification.kind, _state(each), each.reason,
             each.attempts, each.sent_at)
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = read_delivery(by, row_id)
        told = found.notification
        facts = [
            ("Kind", told.kind), ("State", _state(found)), ("Reason", found.reason), ("Attempts", found.attempts),
            ("Not before", found.not_before), ("Sent", found.sent_at), ("Told", told.at), ("Read", told.read_at),
            ("Account", str(told.account_id)), ("About", told.resource), ("Id of it", str(told.resource_id)),
            ("The carrier's id", found.provider_id),
        ]  # fmt: skip
        closed = () if found.state == State.FAILED else (TryAgain.slug,)
        return Shown(f"Mail {short(row_id)}", facts, closed=closed)


def _state(delivery: Delivery) -> Tag:
    return Tag(delivery.state, TONES.get(State(delivery.state), "plain"))
