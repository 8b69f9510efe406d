"""Pages of an organization's administration: they show what the API's queries read, and change by the API's verbs.

Each page is registered with Django's admin for its place in the house, and uses nothing else of it: no queryset of a
model, no `save`, no history and no deletion, whose log would keep names in plaintext.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.urls.resolvers import URLPattern
from typing_extensions import override

from chiron.kernel import clock
from chiron.kernel.access import Caller, Need, Policy, Scope
from chiron.kernel.admin import WithoutForms
from chiron.kernel.cells import Link, Table, cell
from chiron.kernel.errors import DomainError, Invalid, NotFound
from chiron.kernel.forms import Act, Dressed, shaped
from chiron.kernel.ids import NIL
from chiron.kernel.schemas import PageQuery

WIDE = 80
"""Characters from which on a fact has a line of its own."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list, and the cursor of the next one."""

    rows: list[tuple[Any, ...]]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One object: its title, its facts, tables of what belongs to it, its original where it has one, and
    the acts that its state rules out."""

    title: str
    facts: Sequence[tuple[str, Any]]
    tables: Sequence[Table] = ()
    links: Sequence[Link] = ()
    document: str = ""
    closed: Sequence[str] = ()

    @property
    def rendered(self) -> list[tuple[str, str, bool]]:
        """Each fact that there is, as HTML, and whether it is long."""
        known = ((name, value) for name, value in self.facts if value not in (None, ""))
        return [(name, cell(value), isinstance(value, str) and len(value) > WIDE) for name, value in known]


def may(by: Caller, resource: str, action: str) -> bool:
    """Whether the policy gives the caller anything of this."""
    return Policy.decide(by, resource, action) is not Scope.NONE


class Page(WithoutForms):
    """A list, its details, and the acts that the policy allows on them."""

    resource: ClassVar[str]
    id_name: ClassVar[str] = "row_id"
    title: ClassVar[str]
    group: ClassVar[str]
    icon: ClassVar[str]
    place: ClassVar[int]
    heads: ClassVar[tuple[str, ...]]
    seek: ClassVar[type[Dressed]] = Dressed
    seeks_by: ClassVar[str] = "get"
    """How a search is sent: by `post` where its words are personal, so that no name stands in an address."""
    acts: ClassVar[tuple[type[Act], ...]] = ()

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        """A page of the list, by the query that the API uses."""
        raise NotImplementedError

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        """One object, by the queries that the API uses; none where the list says everything."""
        raise NotFound

    def resource_of(self, by: Caller) -> str:
        """What the policy is asked for, to open the page."""
        return self.resource

    def link(self, text: Any, row_id: UUID) -> Link:
        """A link to one object's page."""
        return Link(text, self.address("change", row_id))

    def address(self, what: str, row_id: UUID | None = None) -> str:
        """The address of the list, of an object, or of an act."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{what}", args=[row_id] if row_id else [])

    def list_view(self, request: HttpRequest) -> HttpResponse:
        by = self._caller(request, "read")
        sent = request.POST if self.seeks_by == "post" else request.GET
        seek, status = self.seek(sent), 200
        listed = Listed([])
        try:
            if seek.is_valid():
                query = shaped(PageQuery, {"cursor": sent.get("cursor") or None})
                listed = self.listed(by, seek.cleaned_data, query)
        except Invalid as refusal:
            status = refusal.status
            for each in refusal.errors:
                seek.add_error(next((str(part) for part in each["loc"] if part in seek.fields), None), each["msg"])
        context = {
            "title": self.title, "table": Table(self.heads, listed.rows), "next": listed.next, "seek": seek,
            "seeks_by": self.seeks_by, "acts": self._acts(by, None),
        }  # fmt: skip
        return self._page(request, "list", context, status=422 if seek.errors else status)

    def show_view(self, request: HttpRequest, **row: UUID) -> HttpResponse:
        if request.method != "GET":
            return HttpResponseNotAllowed(["GET"])
        by = self._caller(request, "read")
        shown = self.shown(by, row[self.id_name])
        acts = self._acts(by, row[self.id_name], shown.closed)
        return self._page(request, "show", {"title": shown.title, "shown": shown, "acts": acts})

    def act_view(self, act: type[Act], request: HttpRequest, **row: UUID) -> HttpResponse:
        by = self._caller(request, act.need[1], act.need[0])
        form = act(by, row.get(self.id_name, NIL), request.POST if request.method == "POST" else None)
        status = 200
        if form.is_bound:
            refused = self._perform(form)
            if refused is None:
                messages.success(request, f"{act.label}: done.")
                return redirect(self.address("changelist") if form.done is None else self.address("change", form.done))
            status = refused
        up = Link("Back", self.address("change", row[self.id_name])) if row else self._up
        context = {"title": act.label, "form": form, "grave": act.grave, "up": up}
        return self._page(request, "act", context, status=status)

    def _perform(self, form: Act) -> int | None:
        """The status with which the form comes back, or None where the verb has done it."""
        if not form.is_valid():
            return Invalid.status
        try:
            form.done = form.perform(clock.now())
        except DomainError as refusal:
            if refusal.status in (403, 404):
                raise
            form.take(refusal)
            return refusal.status
        return None

    def _caller(self, request: HttpRequest, action: str, resource: str | None = None) -> Caller:
        """Whoever asks, if the policy allows it; a denial will be written under the name of this need."""
        by: Caller = request.caller  # type: ignore[attr-defined]
        request.need = Need(resource or self.resource_of(by), action)  # type: ignore[attr-defined]
        by.scope(*request.need)  # type: ignore[attr-defined]
        return by

    def _acts(self, by: Caller, row_id: UUID | None, closed: Sequence[str] = ()) -> list[dict[str, Any]]:
        fitting = [act for act in self.acts if act.creates is (row_id is None) and act.slug not in closed]
        allowed = [act for act in fitting if may(by, *act.need)]
        return [{"label": act.label, "url": self.address(act.slug, row_id), "grave": act.grave} for act in allowed]

    def _page(self, request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        whole = {**self.admin_site.each_context(request), "up": self._up, **context}
        return TemplateResponse(request, f"chiron/{template}.html", whole, status=status)

    @property
    def _up(self) -> Link:
        return Link(self.title, self.address("changelist"))

    @override
    def get_urls(self) -> list[URLPattern]:
        name, row = f"{self.opts.app_label}_{self.opts.model_name}", f"<uuid:{self.id_name}>"
        urls = [self._path("", self.list_view, f"{name}_changelist")]
        for act in self.acts:
            address = "add/" if act.creates else f"{row}/{act.slug}/"
            urls.append(self._path(address, partial(self.act_view, act), f"{name}_{act.slug}"))
        return [*urls, self._path(f"{row}/change/", self.show_view, f"{name}_change")]

    def _path(self, address: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
        return path(address, cast("Callable[..., HttpResponse]", self.admin_site.admin_view(view)), name=name)

    @override
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        by: Caller | None = getattr(request, "caller", None)
        return by is not None and may(by, self.resource_of(by), "read")
