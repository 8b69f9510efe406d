"""Names and passwords of the logins, derived so that settings and setup agree without a file between them."""

import base64
import hashlib
import hmac

DATABASES = ("accounts", "clinical", "research")


def database_name(prefix: str, alias: str) -> str:
    """``chiron`` and ``clinical`` make ``chiron_clinical``."""
    return f"{prefix}_{alias}"


def runtime_login(prefix: str, alias: str) -> str:
    """The login with which requests use that database; it owns nothing."""
    return f"{prefix}_{alias}_run"


def sealer_login(prefix: str) -> str:
    """The login that alone writes audit leaves and heads."""
    return f"{prefix}_sealer"


def login_password(owner_password: str, login: str) -> str:
    """The password of a login that ``setup_databases`` made: HMAC-SHA256 of its name under the owner's password."""
    digest = hmac.digest(owner_password.encode(), f"chiron login {login}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
