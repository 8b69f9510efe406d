"""Organizations: the tenants, known in accounts."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from chiron.kernel.fields import operational
from chiron.kernel.models import Grants, Versioned


class Organization(Versioned):
    """A clinic, a hospital, a laboratory network. Suspended, it keeps its data and answers nobody."""

    grants = Grants.READ_WRITE

    slug = operational(models.CharField(max_length=40))
    name = operational(models.CharField(max_length=200))
    domains = operational(ArrayField(models.CharField(max_length=253), default=list, blank=True))
    time_zone = operational(models.CharField(max_length=64, default="UTC"))
    locale = operational(models.CharField(max_length=35, default="en"))
    policies = operational(models.JSONField(default=dict, blank=True))
    suspended_at = operational(models.DateTimeField(null=True, blank=True))

    class Meta:
        constraints = [
            models.UniqueConstraint(name="organization_slug_is_its_own", fields=["slug"]),
            models.CheckConstraint(
                name="organization_slug_is_a_plain_word", condition=Q(slug__regex=r"^[a-z][a-z0-9-]{0,39}$")
            ),
        ]

    def __str__(self) -> str:
        return self.name
