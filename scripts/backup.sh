#!/usr/bin/env bash
# Back up to a folder, or to a bucket:
#     scripts/backup.sh ./backups
#     S3_BUCKET=clinic-backups scripts/backup.sh
# Without a folder, S3_BUCKET names the bucket of backups, and that of files is what .env says.
set -euo pipefail
chiron="$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/chiron"
if [ $# -gt 0 ]; then
    exec "$chiron" backup "$@"
fi
: "${S3_BUCKET:?say where: scripts/backup.sh FOLDER, or S3_BUCKET=BUCKET scripts/backup.sh}"
exec env -u S3_BUCKET "$chiron" backup --s3 "$S3_BUCKET"
