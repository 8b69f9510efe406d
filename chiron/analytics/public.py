"""What other apps may use of analytics."""

from chiron.analytics.charts import numbers

__all__ = ["numbers"]
