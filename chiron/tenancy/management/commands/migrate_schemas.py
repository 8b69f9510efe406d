"""The older name of ``migrate``."""

from chiron.tenancy.management.commands.migrate import Command

__all__ = ["Command"]
