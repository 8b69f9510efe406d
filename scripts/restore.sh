#!/usr/bin/env bash
# Restore a backup into empty databases, from its folder, any file of it, or s3://BUCKET/chiron-…:
#     scripts/restore.sh ./backups/chiron-20260102T030405Z
set -euo pipefail
: "${1:?say what: scripts/restore.sh BACKUP}"
exec "$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/chiron" restore "$@"
