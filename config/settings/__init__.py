"""The settings of the environment that ENVIRONMENT names."""

from django.core.exceptions import ImproperlyConfigured

from config import environment

match environment.read("ENVIRONMENT"):
    case "development":
        from config.settings.development import *  # noqa: F403
    case "testing":
        from config.settings.testing import *  # noqa: F403
    case "production":
        from config.settings.production import *  # noqa: F403
    case other:
        raise ImproperlyConfigured(f"ENVIRONMENT is {other!r}: it must be development, testing or production.")
