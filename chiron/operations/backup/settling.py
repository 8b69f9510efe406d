"""What a table that is turned back must still know of today: what was sent, what was refused, who was told a secret.

Each statement reads the former tables beside the new ones, in the transaction in which they change places.
"""

from django.db.backends.utils import CursorWrapper

OLD_MAIL = "UPDATE {now}.notifications_delivery SET state = 'expired', reason = 'restored' WHERE state = 'waiting'"
"""It was sent since, or is too old to be news."""
REMINDED = """
    UPDATE {now}.scheduling_reminder r SET state = 'told', settled_at = f.settled_at
    FROM {former}.scheduling_reminder f
    WHERE r.state = 'waiting' AND f.state = 'told' AND f.appointment_id = r.appointment_id
    AND f.patient_id = r.patient_id AND f.starts_at = r.starts_at AND f.minutes_before = r.minutes_before
    AND f.channel = r.channel
"""
"""A reminder of the same time that has gone does not go again."""
COUNTED = """
    INSERT INTO {now}.notifications_counter AS n SELECT * FROM {former}.notifications_counter
    ON CONFLICT (id) DO UPDATE SET last = greatest(n.last, excluded.last)
"""
"""A stream asks for what comes after a number: none is given twice."""
MUTED = """
    INSERT INTO {now}.notifications_preference SELECT * FROM {former}.notifications_preference WHERE NOT "on"
    ON CONFLICT (account_id, kind, channel) DO UPDATE SET "on" = false
"""
OPTED_OUT = """
    INSERT INTO {now}.screening_optout SELECT * FROM {former}.screening_optout f
    WHERE EXISTS (SELECT FROM {now}.registry_patient p WHERE p.id = f.patient_id)
    AND NOT EXISTS (SELECT FROM {now}.screening_optout o WHERE o.patient_id = f.patient_id)
"""
"""Who said no since has said it."""
SECRETS = """
    DELETE FROM {now}.scheduling_feed;
    INSERT INTO {now}.scheduling_feed SELECT * FROM {former}.scheduling_feed
"""
"""A link to a calendar that was taken back stays taken back."""
LEFT = """
    SELECT count(*) FROM {former}.files_file f
    WHERE f.state = 'stored' AND NOT EXISTS (SELECT FROM {now}.files_file n WHERE n.id = f.id)
"""
EVERYTHING = (OLD_MAIL, REMINDED, COUNTED, MUTED, OPTED_OUT, SECRETS)


def settle(cursor: CursorWrapper, now: str, former: str) -> int:
    """Have the tables of the schema ``now`` know what must not be forgotten of those in ``former``.

    How many files only the former know: their bytes stay, and open for nobody without those rows.
    """
    for statement in (*EVERYTHING, LEFT):
        cursor.execute(statement.format(now=now, former=former))
    return int(cursor.fetchone()[0])
