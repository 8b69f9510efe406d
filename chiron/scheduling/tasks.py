"""What scheduling does a moment later, or now and then."""

from chiron.jobs.public import job
from chiron.kernel import clock
from chiron.scheduling.services.expiry import sweep
from chiron.tenancy.public import all_organizations, inside


@job("scheduling.end_expired_holds", every="*/5 * * * *")
def end_expired_holds() -> None:
    """Holds that have expired are taken away, which block nobody before that either."""
    now = clock.now()
    for organization in all_organizations():
        with inside(organization.id):
            sweep(now)
