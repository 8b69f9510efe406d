#!/usr/bin/env bash
# Restore a backup on a PostgreSQL of its own in a temporary folder, prove it, print the report, throw everything away:
#     scripts/drill.sh ./backups/chiron-20260102T030405Z
# The secrets are those of the environment, or of .env: BACKUP_ENCRYPTION_KEY, MASTER_ENCRYPTION_KEY, AUDIT_SIGNING_KEY.
set -euo pipefail
: "${1:?say what: scripts/drill.sh BACKUP}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
for name in ACCOUNTS CLINICAL RESEARCH; do
    export "${name}_DATABASE_URL=" "${name}_OWNER_URL=" "${name}_SEALER_URL=" "${name}_DIRECT_URL="
done
export ENVIRONMENT=development CHIRON_HOME="$folder/home" POSTGRES_HOST= S3_BUCKET= AZURE_CONTAINER= AUDIT_HEADS_BUCKET=
"$(cd "$(dirname "$0")/.." && pwd)/.venv/bin/chiron" restore "$@"
