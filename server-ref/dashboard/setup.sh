#!/usr/bin/env bash
# Installs the tools that build and check the dashboard: npm packages, Chromium, and sqlite3, with which a test creates
# a project that has the id from the documentation. Installs only what is missing or outdated.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

. ../../setup/lib.sh
acquire_lock dashboard

node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 20 && b >= 19) || (a == 22 && b >= 12) ? 0 : 1)' 2>/dev/null ||
    { echo "setup.sh: Node 20.19, 22.12 or newer is needed" >&2; exit 1; }
missing=()
[ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || missing+=(chromium)
command -v sqlite3 >/dev/null || missing+=(sqlite3)
if [ "${#missing[@]}" -gt 0 ]; then
    install_debian --install-recommends "${missing[@]}" || { echo "setup.sh: CHROMIUM names another browser" >&2; exit 1; }
fi
install_npm_packages .
