#!/usr/bin/env bash
# sbom.sh CARGO_CYCLONEDX: writes the components of each published package, as cargo resolves them for all platforms, to
# CycloneDX files in target/sbom. npm lists the dashboard's packages, which the server also contains.
set -euo pipefail
cyclonedx="$1"
cd "$(dirname "${BASH_SOURCE[0]}")/.."
packages=(automoderate automoderate-server automod-tail automoderate-python automoderate-node automoderate-swift)
folder=target/sbom
rm -rf "$folder"
mkdir -p "$folder"

# cargo-cyclonedx writes its output next to every manifest in the workspace.
"$cyclonedx" cyclonedx --quiet --format json --spec-version 1.5 --describe crate --target all --manifest-path Cargo.toml
for package in "${packages[@]}"; do
    mv "$(git ls-files --others --ignored --exclude='*.cdx.json' | grep "/$package.cdx.json$")" "$folder/"
done
git ls-files --others --ignored --exclude='*.cdx.json' | sed '/^target/d' | xargs -r rm
(cd server-ref/dashboard && npm sbom --sbom-format cyclonedx --package-lock-only --omit dev) >"$folder/dashboard.cdx.json"
ls "$folder"
