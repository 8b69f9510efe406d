"""Where released migrations look for the column of measured numbers."""

from chiron.kernel.fields import MeasuredField

__all__ = ["MeasuredField"]
