"""For real: nothing is made up, and whatever is missing or unsafe stops the start."""

from config.settings.base import *  # noqa: F403
from config.settings.checks import refuse_unsafe

DEBUG = False
refuse_unsafe()

SECURE_SSL_REDIRECT = False  # the proxy in front redirects; health checks come over http
SECURE_HSTS_SECONDS = 31_536_000
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
