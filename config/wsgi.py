"""The WSGI application."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.startup import refuse_unsafe_servers  # noqa: E402  Django must be set up before its connections are used

refuse_unsafe_servers()
