"""What docs/how-to/screening-exports.md shows to be sent is accepted as it stands there."""

import re

from django.conf import settings

from chiron.screening.batch_file import MOST_ROWS, rows_of
from chiron.screening.blood.reading import read_count
from chiron.screening.services import exporting

TEXT = (settings.BASE_DIR / "docs/how-to/screening-exports.md").read_text()


def test_the_file_that_the_page_shows_is_understood() -> None:
    [shown] = re.findall(r"```csv batch\n(.*?)```", TEXT, re.S)

    [row] = rows_of([shown.encode()])

    assert (row.errors, row.age, row.sex, row.specimen_id) == ([], 67, "female", None)
    assert read_count(row.cbc)["wbc"] == 6.4


def test_the_page_knows_every_limit() -> None:
    megabytes = settings.SCREENING_BATCH_MAX_BYTES / 2**20

    assert f"at most {MOST_ROWS:,} rows and {megabytes:.0f} MiB" in TEXT
    assert f"at most {exporting.MOST_ROWS:,} rows" in TEXT
