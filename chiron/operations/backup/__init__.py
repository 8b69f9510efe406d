"""Backups that are proven to restore: the three databases, the files, and the audit heads, sealed before they leave.

A backup is a folder of sealed streams and a signed manifest that says what they must hold. A restore makes databases
beside those that are served, proves them against the manifest, and only then gives them the names that are served.
Words: backup (such a folder, here or in a bucket), fingerprint (what a database holds, as counts and digests),
sandbox (an installation beside this one, into which one organization is restored alone), turned back (one organization
made what it was in a backup, where it is served), former (what a restore took the place of, which is kept).
"""
