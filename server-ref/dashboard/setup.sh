#!/usr/bin/env bash
# Installs what the dashboard is built and checked with: npm packages, Chromium, and sqlite3, with which a test gives a project
# the id that the documentation has.
# Nothing is installed when package-lock.json has not changed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 20 && b >= 19) || (a == 22 && b >= 12) ? 0 : 1)' 2>/dev/null ||
    { echo "setup.sh: Node 20.19, 22.12 or newer is needed" >&2; exit 1; }
missing=()
[ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || missing+=(chromium)
command -v sqlite3 >/dev/null || missing+=(sqlite3)
if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing ${missing[*]}" >&2
    apt-get install -qq -y "${missing[@]}" >&2 ||
        { apt-get update -qq && apt-get install -qq -y "${missing[@]}"; } >&2 ||
        { echo "setup.sh: ${missing[*]} needed; CHROMIUM names another browser" >&2; exit 1; }
fi
stamp="$({ node --version; cat package.json package-lock.json; } | sha256sum | cut -d' ' -f1)"
if [ "$(cat node_modules/.stamp 2>/dev/null)" != "$stamp" ]; then
    npm ci --no-audit --no-fund --loglevel=error >&2
    echo "$stamp" >node_modules/.stamp
fi
