"""The refusals of analytics."""

from chiron.kernel.errors import DomainError


class TooSlow(DomainError):
    code, title, status = "analytics-too-slow", "Counting this takes too long. Ask for fewer days, or later.", 503
