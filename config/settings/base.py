"""What every environment shares."""

import base64
import hashlib
import hmac
from pathlib import Path
from typing import Any

from chiron.postgres.home import Home
from config import environment
from config.settings.caches import caches
from config.settings.databases import by_url, databases, is_embedded
from config.settings.forms import auth_service, needed
from config.settings.mail import mail
from config.settings.storages import storages

environment.refuse_unknown()

BASE_DIR = Path(__file__).resolve().parents[2]
ENVIRONMENT = environment.read("ENVIRONMENT")
HOME = Home.named(environment.read("CHIRON_HOME"))
EMBEDDED = is_embedded()
MADE = HOME.secrets() if ENVIRONMENT != "production" else {}


def _secret(name: str) -> str:
    return environment.read(name) or MADE.get(name, "")


def _signing_key() -> str:
    derived_from = environment.read("JWT_SECRET_KEY")
    if derived_from and not environment.read("JWT_SIGNING_KEY"):
        seed = hmac.digest(derived_from.encode(), b"chiron access token signing key", hashlib.sha256)
        return base64.urlsafe_b64encode(seed).decode()
    return _secret("JWT_SIGNING_KEY")


SECRET_KEY = _secret("DJANGO_SECRET_KEY")
MASTER_ENCRYPTION_KEY = _secret("MASTER_ENCRYPTION_KEY")
MASTER_ENCRYPTION_PREVIOUS_KEYS = environment.words("MASTER_ENCRYPTION_PREVIOUS_KEYS")
KMS_KEY_ID, KMS_ENDPOINT_URL = environment.read("KMS_KEY_ID"), environment.read("KMS_ENDPOINT_URL")
KMS_PREVIOUS_KEY_IDS = environment.words("KMS_PREVIOUS_KEY_IDS")
AUDIT_SIGNING_KEY = _secret("AUDIT_SIGNING_KEY")
JWT_SIGNING_KEY = _signing_key()
JWT_ACCEPTED_KEYS = environment.words("JWT_ACCEPTED_KEYS")
JWT_REFRESH_SECRET_KEY = _secret("JWT_REFRESH_SECRET_KEY")
JWT_ACCEPTED_REFRESH_KEYS = environment.words("JWT_ACCEPTED_REFRESH_KEYS")
JWT_ISSUER = JWT_AUDIENCE = "chiron"
AUTH_SERVICE_URL = auth_service()
ONLY = environment.read("CHIRON_ONLY")
AUDIT_HEADS_DIR = HOME.path / "audit-heads"
BUNDLES_DIR = Path(environment.read("B12_BUNDLES_DIR") or HOME.path / "bundles")
AUDIT_HEADS_BUCKET = environment.read("AUDIT_HEADS_BUCKET")
AUDIT_HEADS_ENDPOINT_URL = environment.read("AUDIT_HEADS_ENDPOINT_URL")
AUDIT_HEADS_LOCK_MODE = environment.one_of("AUDIT_HEADS_LOCK_MODE", "COMPLIANCE", "GOVERNANCE")
AUDIT_HEADS_RETENTION_DAYS = environment.number("AUDIT_HEADS_RETENTION_DAYS")
BACKUP_PUBLIC_KEY = environment.read("BACKUP_PUBLIC_KEY")
BACKUP_ENCRYPTION_KEY = environment.read("BACKUP_ENCRYPTION_KEY")
BACKUP_ENDPOINT_URL = environment.read("BACKUP_ENDPOINT_URL")
RATE_LIMITS = environment.read("RATE_LIMITS")
DRAIN_SECONDS = environment.number("DRAIN_SECONDS")
TRUSTED_PROXIES = environment.number("TRUSTED_PROXIES")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
COOKIES_OVER_HTTP = ENVIRONMENT != "production"
CORS_ALLOWED_ORIGINS = environment.words("CORS_ORIGINS")
CORS_ALLOW_CREDENTIALS = True
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_HEADERS = [
    "authorization", "content-type", "idempotency-key", "if-match", "if-range", "last-event-id", "range",
    "x-auth-mode", "x-csrf-token", "x-device-token", "x-organization", "x-request-id",
]  # fmt: skip
CORS_EXPOSE_HEADERS = [
    "content-disposition", "content-range", "etag", "location", "ratelimit", "ratelimit-policy", "retry-after",
    "x-device-token", "x-request-id",
]  # fmt: skip

PUBLIC_URL = environment.read("CHIRON_PUBLIC_URL").rstrip("/")
MAIL_EVENTS_TOKEN = environment.read("MAIL_EVENTS_TOKEN")
globals().update(mail())

DEBUG = False
ALLOWED_HOSTS = environment.words("ALLOWED_HOSTS")
SILENCED_SYSTEM_CHECKS = [
    *("admin.E408", "admin.E409", "admin.E410", "security.W003"),  # config.admin_site wraps /admin/ in them
    "security.W002",  # chiron.kernel.headers forbids frames
    "security.W008",  # the proxy in front redirects; health checks come over http
    "security.W021",  # a list of preloaded names binds the whole domain: its owner decides
]
LOGIN_REDIRECT_URL = "/admin/"
ROOT_URLCONF = "config.urls_identity" if ONLY else "config.urls_clinical" if AUTH_SERVICE_URL else "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
SECURE_REFERRER_POLICY = "same-origin"  # none at all makes browsers send Origin: null
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20
ATTACHMENT_MAX_BYTES = int(environment.read("ATTACHMENT_MAX_BYTES"))
SCREENING_BATCH_MAX_BYTES = 16 * 2**20
LARGE_BODIES = {  # and the form around it
    r"/api/records/[^/]+/attachments": ATTACHMENT_MAX_BYTES + 2**16,
    r"/api/screening/batches": SCREENING_BATCH_MAX_BYTES + 2**16,
}
STORAGES = storages(HOME)
CACHES = caches()

RUNTIME_DATABASES, OWNER_DATABASES, SEALER_DATABASES = databases(HOME)
CLINICAL_DIRECT = by_url("clinical", "DIRECT")
NO_DEFAULT: dict[str, Any] = {}
NEEDED_DATABASES = needed()
DATABASES: dict[str, dict[str, Any]] = {"default": NO_DEFAULT, **RUNTIME_DATABASES}
DATABASE_ROUTERS = ["chiron.tenancy.router.ByApp"]
DATABASE_PREFIX = environment.read("POSTGRES_DB")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "identity.Account"
AUTHENTICATION_BACKENDS = ["chiron.identity.backends.SeatBackend"]
PASSWORD_HASHERS = [
    "chiron.identity.passwords.Argon2id",  # the others check what older systems left, and make nothing
    "chiron.identity.old_hashes.Bcrypt",
    "chiron.identity.old_hashes.Scrypt",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ARGON2 = {"time_cost": 2, "memory_cost": 19 * 1024, "parallelism": 1}

CHIRON_APPS = [
    "chiron.kernel.apps.Kernel",
    "chiron.postgres.apps.Postgres",
    "chiron.tenancy.apps.Tenancy",
    "chiron.vault.apps.Vault",
    "chiron.audit.apps.Audit",
    "chiron.idempotency.apps.Idempotency",
    "chiron.jobs.apps.Jobs",
    "chiron.files.apps.Files",
    "chiron.identity.apps.Identity",
    "chiron.notifications.apps.Notifications",
    "chiron.registry.apps.Registry",
    "chiron.records.apps.Records",
    "chiron.laboratory.apps.Laboratory",
    "chiron.scheduling.apps.Scheduling",
    "chiron.screening.apps.Screening",
    "chiron.analytics.apps.Analytics",
    "chiron.interop.apps.Interop",
    "chiron.desk.apps.Desk",
    "chiron.operations.apps.Operations",
    "config.apps.Composition",
]
INSTALLED_APPS = [
    *CHIRON_APPS,
    "unfold.apps.BasicAppConfig",
    "config.apps.Administration",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "anymail",
    "corsheaders",
    "ninja",
]
METRICS_TOKEN = environment.read("METRICS_TOKEN")
MIDDLEWARE = [
    *(["chiron.operations.counting.counted"] if METRICS_TOKEN else []),
    "django.middleware.security.SecurityMiddleware",
    "chiron.kernel.headers.hardened",
    *(["corsheaders.middleware.CorsMiddleware"] if CORS_ALLOWED_ORIGINS else []),
    "chiron.kernel.middleware.front",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.admin_site.only_for_admin",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
LOGGING_CONFIG = None
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "chiron-admin", "chiron-admin-csrf"
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
PRIMARY = {  # a blue that keeps a contrast of 4.5 as text on white (600) and on the dark ground (500)
    "50": "#eff6ff", "100": "#dbeafe", "200": "#bfdbfe", "300": "#93c5fd", "400": "#60a5fa", "500": "#3b82f6",
    "600": "#2563eb", "700": "#1d4ed8", "800": "#1e40af", "900": "#1e3a8a", "950": "#172554",
}  # fmt: skip
UNFOLD = {
    "SITE_TITLE": "Chiron",
    "SITE_HEADER": "Chiron",
    "SITE_SUBHEADER": "config.admin_site.place",
    "SITE_URL": None,
    "SITE_SYMBOL": "ecg_heart",
    "COLORS": {"primary": PRIMARY},
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": ["config.admin_site.stylesheet"],
    "LOGIN": {"form": "config.admin_site.SignInForm"},
    "ACCOUNT": {"navigation": "config.admin_site.account_links"},
    "SIDEBAR": {"navigation": "config.admin_site.navigation"},
    "DASHBOARD_CALLBACK": "config.dashboard.fill",
}
