"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from chiron.kernel.requests import Request  # noqa: E402  Django must be set up before
from config.startup import once_per_request, refuse_unreadable_keys, refuse_unsafe_servers  # noqa: E402

application.request_class = Request
refuse_unreadable_keys()
refuse_unsafe_servers()
once_per_request()
