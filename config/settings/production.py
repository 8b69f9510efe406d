"""For real: nothing is made up, and whatever is missing or unsafe stops the start."""

from config.settings.base import *  # noqa: F403
from config.settings.checks import refuse_unsafe

DEBUG = False
refuse_unsafe()

SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-chiron-admin", "__Host-chiron-admin-csrf"
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
