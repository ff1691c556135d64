#!/usr/bin/env bash
# Installs Schemathesis and prints SCHEMATHESIS=PROGRAM.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/../../../setup/lib.sh"
acquire_lock schemathesis

create_venv "$setup_cache/schemathesis" "$here/requirements.txt"
echo "SCHEMATHESIS=$setup_cache/schemathesis/bin/schemathesis"
