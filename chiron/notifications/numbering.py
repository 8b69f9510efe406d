"""Numbers of notifications: given at the end of the transaction, in the order in which transactions commit.

A counter's row is locked from the last statement of a transaction to its commit, so an account's next number is given
only after the one before is committed: who has seen a number never sees a smaller one appear, and a rolled-back change
leaves no gap. Accounts are counted in one order, so no two transactions wait for each other in a circle; and there is
nothing after the counters that they could wait for.
"""

from chiron.tenancy.public import current_organization_id, do_at_last

CHANNEL = "notifications"
NUMBER = f"""
    WITH mine AS (
        SELECT id, account_id, count(*) OVER (PARTITION BY account_id) AS many,
               row_number() OVER (PARTITION BY account_id ORDER BY id) AS place
          FROM notifications_notification WHERE number IS NULL
    ), counted AS (
        INSERT INTO notifications_counter AS before (id, last)
        SELECT account_id, count(*) FROM mine GROUP BY account_id ORDER BY account_id
        ON CONFLICT (id) DO UPDATE SET last = before.last + excluded.last
        RETURNING id, last
    ), numbered AS (
        UPDATE notifications_notification AS told SET number = counted.last - mine.many + mine.place
          FROM mine JOIN counted ON counted.id = mine.account_id WHERE told.id = mine.id
    )
    SELECT pg_notify('{CHANNEL}', %s || ' ' || id) FROM counted
"""  # noqa: S608


def number_at_last() -> None:
    """Have what this transaction tells numbered at its end, and listeners told: ``<organization> <account>``, ids only.

    They hear it once it is committed, and read the rest from the rows.
    """
    do_at_last(NUMBER, str(current_organization_id()))
