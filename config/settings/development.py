"""On one machine, for trying and building: the embedded server, keys made at first start."""

from config import environment
from config.settings.base import *  # noqa: F403

DEBUG = environment.flag("DEBUG")
