"""What the registry does a moment later."""

from uuid import UUID

from chiron.identity.public import Role, accounts_with, tell_of_broken_glass
from chiron.jobs.public import enqueue, job
from chiron.registry.models import BrokenGlass
from chiron.tenancy.public import current_organization_id


@job("registry.tell_privacy_officers")
def tell_privacy_officers(*, glass_id: UUID) -> None:
    """Mail those who answer for privacy that a glass was broken: the privacy officers, else the admins."""
    if not BrokenGlass.objects.filter(id=glass_id).exists():
        return
    organization_id = current_organization_id()
    told = accounts_with(Role.PRIVACY_OFFICER, organization_id) or accounts_with(Role.ADMIN, organization_id)
    for account_id in told:
        enqueue(tell_of_broken_glass, account_id=account_id)
