"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from chiron.kernel.requests import Request  # noqa: E402  Django must be set up before
from config.startup import (  # noqa: E402
    once_per_request,
    refuse_a_foreign_master_key,
    refuse_changed_bundles,
    refuse_the_erased,
    refuse_unreadable_keys,
    refuse_unsafe_servers,
    wait_in_bounded_time,
)

application.request_class = Request
refuse_unreadable_keys()
refuse_unsafe_servers()
refuse_a_foreign_master_key()
refuse_the_erased()
refuse_changed_bundles()
once_per_request()
wait_in_bounded_time()
