"""The administration of addresses to which nothing is mailed."""

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin

from chiron.identity.email import email_of
from chiron.identity.models import SuppressedAddress
from chiron.identity.suppressions import lift, list_suppressed
from chiron.kernel.access import Caller
from chiron.kernel.cells import Tag
from chiron.kernel.forms import Act
from chiron.kernel.pages import Listed, Page
from chiron.kernel.schemas import PageQuery


class Lift(Act):
    slug, label, need, creates = "lift", "Mail to an address again", ("suppressions", "delete"), True

    email = forms.CharField(max_length=254, label="Address")

    def perform(self, now: datetime) -> None:
        lift(by=self.by, address=self.cleaned_data["email"], now=now)


@admin.register(SuppressedAddress)
class SuppressedPage(Page):
    resource, title, group, icon, place = "suppressions", "Suppressed addresses", "Oversight", "unsubscribe", 33
    heads = ("Member", "Address", "Why", "Since")
    acts = (Lift,)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = list_suppressed(by, query)
        rows = [
            (each.membership.account.username, email_of(each.membership.account), Tag(each.row.reason), each.row.at)
            for each in found.rows
        ]
        return Listed(rows, found.next)
