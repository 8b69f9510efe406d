from django.apps import AppConfig


class Jobs(AppConfig):
    name = "chiron.jobs"
    label = "jobs"
    databases = ("accounts", "clinical")

    def migrate_shared(self) -> None:
        """Bring the queue in clinical's public schema up to date (called by `migrate`)."""
        from chiron.jobs.schema import migrate_queue

        migrate_queue()
