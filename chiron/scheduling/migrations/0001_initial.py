import chiron.kernel.clock
import chiron.kernel.fields
import chiron.kernel.ids
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('registry', '0004_erased'),
    ]

    operations = [
        migrations.CreateModel(
            name='AppointmentType',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1, editable=False)),
                ('recorded_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('name', models.CharField(max_length=100)),
                ('minutes', models.PositiveSmallIntegerField()),
                ('before_minutes', models.PositiveSmallIntegerField(default=0)),
                ('after_minutes', models.PositiveSmallIntegerField(default=0)),
                ('notice_minutes', models.PositiveIntegerField(default=0)),
                ('horizon_days', models.PositiveSmallIntegerField(default=365)),
                ('capacity', models.PositiveSmallIntegerField(default=1)),
                ('cancel_minutes', models.PositiveIntegerField(default=0)),
                ('hold_minutes', models.PositiveSmallIntegerField(default=10)),
                ('needs_approval', models.BooleanField(default=False)),
                ('moves_at_most', models.PositiveSmallIntegerField(null=True)),
                ('grace_minutes', models.PositiveSmallIntegerField(default=0)),
                ('release_minutes', models.PositiveSmallIntegerField(null=True)),
                ('active', models.BooleanField(default=True)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('name',), name='appointment_type_has_its_own_name'), models.CheckConstraint(condition=models.Q(('minutes__gte', 1), ('minutes__lte', 1440)), name='an_appointment_has_a_length'), models.CheckConstraint(condition=models.Q(('capacity__gte', 1)), name='an_appointment_has_room_for_one'), models.CheckConstraint(condition=models.Q(('hold_minutes__gte', 1), ('hold_minutes__lte', 120)), name='a_hold_is_for_a_while'), models.CheckConstraint(condition=models.Q(('release_minutes', None), ('release_minutes__gte', models.F('grace_minutes')), _connector='OR'), name='nobody_is_missed_within_the_grace')],
            },
        ),
        migrations.CreateModel(
            name='Reservation',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('of', models.CharField(choices=[('provider', 'Provider'), ('patient', 'Patient'), ('room', 'Room')], max_length=8)),
                ('number', models.BigIntegerField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['number', 'ends_at'], name='reservations_of_somebody')],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('of', 'provider')), expressions=[(models.Func(models.F('number'), models.F('number'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='provider_in_one_place'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('of', 'patient')), expressions=[(models.Func(models.F('number'), models.F('number'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='patient_in_one_place'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('of', 'room')), expressions=[(models.Func(models.F('number'), models.F('number'), models.Value('[]'), function='int8range'), '&&'), (models.Func(models.F('starts_at'), models.F('ends_at'), function='tstzrange', output_field=django.contrib.postgres.fields.ranges.DateTimeRangeField()), '&&')], name='room_in_one_place'), models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='a_reservation_takes_time')],
            },
        ),
        migrations.CreateModel(
            name='Room',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1, editable=False)),
                ('recorded_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('number', models.BigIntegerField(default=chiron.kernel.ids.new_number, editable=False)),
                ('name', models.CharField(max_length=100)),
                ('active', models.BooleanField(default=True)),
                ('department', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.department')),
            ],
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1, editable=False)),
                ('recorded_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('time_zone', models.CharField(max_length=64)),
                ('slot_minutes', models.PositiveSmallIntegerField(default=30)),
                ('weekly', models.JSONField(default=dict)),
                ('provider', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.provider')),
            ],
        ),
        migrations.CreateModel(
            name='WaitlistEntry',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1, editable=False)),
                ('recorded_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('specialty', models.CharField(blank=True, default='', max_length=100)),
                ('from_day', models.DateField()),
                ('until_day', models.DateField()),
                ('times', models.JSONField(default=list)),
                ('earlier_than', models.UUIDField(null=True)),
                ('priority', models.PositiveSmallIntegerField(default=5)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('booked', 'Booked'), ('left', 'Left'), ('over', 'Over')], default='waiting', max_length=10)),
                ('joined_by', models.UUIDField(null=True)),
                ('department', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.department')),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.patient')),
                ('provider', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.provider')),
                ('type', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.appointmenttype')),
            ],
        ),
        migrations.CreateModel(
            name='Appointment',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1, editable=False)),
                ('recorded_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('status', models.CharField(choices=[('held', 'Held'), ('pending', 'Pending'), ('booked', 'Booked'), ('checked-in', 'Checked In'), ('fulfilled', 'Fulfilled'), ('cancelled', 'Cancelled'), ('noshow', 'No Show')], default='booked', max_length=10)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('zone', models.CharField(max_length=64)),
                ('agreed_day', models.DateField()),
                ('agreed_time', models.TimeField()),
                ('decided', models.CharField(choices=[('keep', 'Keep'), ('cancel', 'Cancel'), ('ask', 'Ask')], default='', max_length=6)),
                ('seat', models.PositiveSmallIntegerField(default=0)),
                ('held_until', models.DateTimeField(null=True)),
                ('moves', models.PositiveSmallIntegerField(default=0)),
                ('record_id', models.UUIDField(null=True)),
                ('booked_by', models.UUIDField(null=True)),
                ('reason', chiron.kernel.fields.SealedField(null=True)),
                ('note', chiron.kernel.fields.SealedField(null=True)),
                ('ended_by', models.UUIDField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('late', models.BooleanField(default=False)),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.patient')),
                ('provider', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.provider')),
                ('type', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.appointmenttype')),
                ('patient_time', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.reservation')),
                ('provider_time', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.reservation')),
                ('room_time', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.reservation')),
                ('room', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.room')),
                ('offered_to', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='scheduling.waitlistentry')),
            ],
        ),
        migrations.CreateModel(
            name='AppointmentChange',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField()),
                ('status', models.CharField(choices=[('held', 'Held'), ('pending', 'Pending'), ('booked', 'Booked'), ('checked-in', 'Checked In'), ('fulfilled', 'Fulfilled'), ('cancelled', 'Cancelled'), ('noshow', 'No Show')], max_length=10)),
                ('starts_at', models.DateTimeField()),
                ('at', models.DateTimeField()),
                ('account_id', models.UUIDField(null=True)),
                ('appointment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='scheduling.appointment')),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.provider')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('appointment', 'version'), name='each_version_of_an_appointment_once')],
            },
        ),
        migrations.CreateModel(
            name='Closure',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1, editable=False)),
                ('recorded_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('title', chiron.kernel.fields.SealedField(null=True)),
                ('from_day', models.DateField()),
                ('from_time', models.TimeField()),
                ('until_day', models.DateField()),
                ('until_time', models.TimeField()),
                ('department', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.department')),
                ('provider', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.provider')),
            ],
            options={
                'indexes': [models.Index(fields=['until_day', 'from_day'], name='closures_by_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(('provider', None), ('department', None), _connector='OR'), name='closed_for_one_or_for_all'), models.CheckConstraint(condition=models.Q(('until_day__gt', models.F('from_day')), models.Q(('until_day', models.F('from_day')), ('until_time__gt', models.F('from_time'))), _connector='OR'), name='a_closure_ends_after_it_begins')],
            },
        ),
        migrations.CreateModel(
            name='ExtraHours',
            fields=[
                ('id', models.UUIDField(default=chiron.kernel.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('version', models.IntegerField(default=1, editable=False)),
                ('recorded_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('updated_at', models.DateTimeField(default=chiron.kernel.clock.now, editable=False)),
                ('day', models.DateField()),
                ('start', models.TimeField()),
                ('end', models.TimeField()),
                ('provider', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='registry.provider')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('provider', 'day', 'start'), name='extra_hours_begin_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='room',
            constraint=models.UniqueConstraint(fields=('name',), name='room_has_its_own_name'),
        ),
        migrations.AddConstraint(
            model_name='room',
            constraint=models.UniqueConstraint(fields=('number',), name='room_number_is_its_own'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('slot_minutes__gte', 1), ('slot_minutes__lte', 1440)), name='slots_have_a_length'),
        ),
        migrations.AddIndex(
            model_name='waitlistentry',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['priority', 'recorded_at', 'id'], name='the_line'),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'waiting')), fields=('patient', 'type'), name='a_patient_waits_once_for_a_type', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.CheckConstraint(condition=models.Q(('provider', None), models.Q(('department', None), ('specialty', '')), _connector='OR'), name='waits_for_one_or_for_several'),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.CheckConstraint(condition=models.Q(('until_day__gte', models.F('from_day'))), name='waits_for_a_day'),
        ),
        migrations.AddConstraint(
            model_name='waitlistentry',
            constraint=models.CheckConstraint(condition=models.Q(('priority__gte', 1), ('priority__lte', 9)), name='a_priority_is_one_of_nine'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['provider', 'starts_at'], name='appointments_of_a_provider'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(fields=['patient', 'starts_at'], name='appointments_of_a_patient'),
        ),
        migrations.AddIndex(
            model_name='appointment',
            index=models.Index(condition=models.Q(('status', 'held')), fields=['held_until'], name='holds_by_their_end'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='an_appointment_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.UniqueConstraint(fields=('provider_time', 'seat'), name='one_patient_in_a_seat'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['cancelled', 'noshow']), models.Q(('patient_time__isnull', False), ('provider_time__isnull', False)), _connector='XOR'), name='whoever_is_expected_has_time_reserved'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.UniqueConstraint(condition=models.Q(('offered_to__isnull', False), ('status', 'held')), fields=('patient',), name='one_offer_at_a_time'),
        ),
        migrations.AddConstraint(
            model_name='appointment',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'held'), ('held_until', None), _connector='XOR'), name='a_hold_ends'),
        ),
    ]
