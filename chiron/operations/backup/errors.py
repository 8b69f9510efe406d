"""Why nothing was backed up or restored; the texts say what to do, and quote nothing that a backup holds."""


class BackupRefused(Exception):
    """Nothing was done, or nothing that is served was changed."""


class Damaged(BackupRefused):
    """What was read is not what was written: a byte changed, something is missing, or it belongs elsewhere."""


class WrongKey(BackupRefused):
    """The backup was sealed for another key than the one given."""
