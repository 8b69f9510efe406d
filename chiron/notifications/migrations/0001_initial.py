import chiron.kernel.ids
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Counter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("last", models.BigIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.UUIDField()),
                ("number", models.BigIntegerField(null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("patient.assigned", "patient.assigned"),
                            ("appointment.booked", "appointment.booked"),
                            ("appointment.moved", "appointment.moved"),
                            ("appointment.cancelled", "appointment.cancelled"),
                            ("appointment.reminder", "appointment.reminder"),
                            ("appointment.offered", "appointment.offered"),
                            ("record.annotated", "record.annotated"),
                            ("result.shared", "result.shared"),
                            ("glass.broken", "glass.broken"),
                            ("account.security", "account.security"),
                        ],
                        max_length=40,
                    ),
                ),
                ("resource", models.CharField(max_length=40)),
                ("resource_id", models.UUIDField()),
                ("at", models.DateTimeField()),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("number", None)), fields=["account_id"], name="notifications_without_number"
                    ),
                    models.Index(
                        condition=models.Q(("read_at", None)),
                        fields=["account_id", "number"],
                        name="notifications_unread",
                    ),
                    models.Index(
                        condition=models.Q(("read_at", None), _negated=True),
                        fields=["read_at"],
                        name="notifications_by_reading",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("account_id", "number"), name="notification_number_is_its_own"),
                    models.CheckConstraint(
                        condition=models.Q(("number__gte", 1)), name="notifications_are_counted_from_one"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.UUIDField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("patient.assigned", "patient.assigned"),
                            ("appointment.booked", "appointment.booked"),
                            ("appointment.moved", "appointment.moved"),
                            ("appointment.cancelled", "appointment.cancelled"),
                            ("appointment.reminder", "appointment.reminder"),
                            ("appointment.offered", "appointment.offered"),
                            ("record.annotated", "record.annotated"),
                            ("result.shared", "result.shared"),
                            ("glass.broken", "glass.broken"),
                            ("account.security", "account.security"),
                        ],
                        max_length=40,
                    ),
                ),
                ("channel", models.CharField(choices=[("app", "app"), ("email", "email")], max_length=10)),
                ("on", models.BooleanField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("account_id", "kind", "channel"), name="one_preference_of_a_kind")
                ],
            },
        ),
        migrations.CreateModel(
            name="QuietHours",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("account_id", models.UUIDField(unique=True)),
                ("begin", models.TimeField()),
                ("end", models.TimeField()),
                ("time_zone", models.CharField(max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("begin", models.F("end")), _negated=True), name="quiet_hours_end"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("channel", models.CharField(choices=[("app", "app"), ("email", "email")], max_length=10)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("suppressed", "Suppressed"),
                            ("expired", "Expired"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("not_before", models.DateTimeField()),
                ("attempts", models.IntegerField(default=0)),
                ("provider_id", models.CharField(blank=True, default="", max_length=200)),
                ("sent_at", models.DateTimeField(null=True)),
                (
                    "notification",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="notifications.notification",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "waiting")), fields=["not_before"], name="deliveries_waiting"
                    ),
                    models.Index(
                        condition=models.Q(("provider_id", ""), _negated=True),
                        fields=["provider_id"],
                        name="deliveries_by_provider_id",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("notification", "channel"), name="delivered_once_a_channel")
                ],
            },
        ),
    ]
