"""For the test suite: as development, with cheap password hashes; the databases are chosen by conftest."""

from config.settings.base import *  # noqa: F403

DEBUG = False
AUDIT_HEADS_DIR = HOME.path / f"audit-heads-{DATABASE_PREFIX}"  # noqa: F405 databases of other prefixes have another history
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
WHITENOISE_AUTOREFRESH = True  # or each test client looks through all static files
ARGON2 = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
RATE_LIMITS = ",".join(  # all tests call from one address; those of limits set their own
    f"{each}=1000000/60"
    for each in (
        "sign-in.address", "register.address", "register.organization", "refresh.address", "code.address",
        "secrets.account",
    )
)  # fmt: skip
