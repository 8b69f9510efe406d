"""The storages that parts may lie in. Any storage of Django's works; these are set up to last and to fail in time."""
