"""No rows: what analytics tells is counted when it is asked for."""

from django.db import models

from chiron.kernel.fields import operational


class Figure(models.Model):
    """Never stored: it gives the numbers their place among the pages of the administration."""

    id = operational(models.BigIntegerField(primary_key=True))

    class Meta:
        managed = False
        verbose_name_plural = "figures"

    def __str__(self) -> str:
        return f"figure {self.pk}"
