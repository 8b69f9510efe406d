"""What the platform operator's pages share: operators look, and what they change they change by verbs."""

from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from typing_extensions import override
from unfold.admin import ModelAdmin  # type: ignore[import-untyped]

from chiron.kernel.access import Caller


class WithoutForms(ModelAdmin):  # type: ignore[misc]
    """A page on which Django itself changes nothing, so that everything goes through verbs."""

    @override
    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self.has_view_permission(request))

    @override
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @override
    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @override
    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class LookOnly(WithoutForms):
    """A page without forms. It is open to platform operators at their own seat; its actions, if any, call verbs."""

    title: ClassVar[str]
    group: ClassVar[str] = "Platform"
    icon: ClassVar[str]
    place: ClassVar[int] = 90

    actions_on_top = True
    list_per_page = 50
    show_full_result_count = False

    @override
    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        by: Caller | None = getattr(request, "caller", None)
        return by is not None and by.operator

    @override
    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method != "GET" or not self.has_view_permission(request):
            raise PermissionDenied  # before the row is looked up, which Django does first
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    @override
    def history_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied

    @override
    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        raise PermissionDenied
