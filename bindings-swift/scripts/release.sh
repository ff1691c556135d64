#!/usr/bin/env bash
# release.sh VERSION URL: creates Artifacts/release, a package ready for publication, and
# Artifacts/CAutoModerate.xcframework.zip, which must be uploaded to URL. The package's manifest contains URL and the
# checksum of the archive. Requires the framework built by xcframework.sh. ARTIFACTS overrides the folder Artifacts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# != 2 ] || [[ ! "$1" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || [[ "$2" != https://*.zip ]]; then
    echo "usage: release.sh VERSION https://…/CAutoModerate.xcframework.zip" >&2
    exit 2
fi
version="$1" url="$2" artifacts="${ARTIFACTS:-Artifacts}"
if [ ! -d "$artifacts/CAutoModerate.xcframework" ]; then
    echo "release.sh: $artifacts/CAutoModerate.xcframework does not exist: run scripts/xcframework.sh on a Mac" >&2
    exit 1
fi

release="$artifacts/release"
rm -rf "$release" "$artifacts"/CAutoModerate.xcframework.zip
mkdir -p "$release/Sources"
# Fixed timestamps and a fixed order make the archive, and thus its checksum, reproducible.
find "$artifacts/CAutoModerate.xcframework" -exec touch -t 202001010000 {} +
(cd "$artifacts" && find CAutoModerate.xcframework | LC_ALL=C sort | zip -q -X -@ CAutoModerate.xcframework.zip)
checksum=$(swift package compute-checksum "$artifacts/CAutoModerate.xcframework.zip")

cp -R Sources/AutoModerate Sources/AutoModerateFFI "$release/Sources/"
cp README.md "$release/"
cp ../LICENSE-MIT ../LICENSE-APACHE "$release/"
cat >"$release/Package.swift" <<MANIFEST
// swift-tools-version: 6.0
// AutoModerate $version
import PackageDescription

let package = Package(
    name: "AutoModerate",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [
        .library(name: "AutoModerate", targets: ["AutoModerate"])
    ],
    targets: [
        .binaryTarget(
            name: "CAutoModerate",
            url: "$url",
            checksum: "$checksum"),
        .target(
            name: "AutoModerateFFI", dependencies: ["CAutoModerate"],
            linkerSettings: ["Security", "SystemConfiguration", "CoreFoundation"].map { .linkedFramework(\$0) }),
        .target(
            name: "AutoModerate", dependencies: ["AutoModerateFFI"], resources: [.copy("PrivacyInfo.xcprivacy")]),
    ],
    swiftLanguageModes: [.v6]
)
MANIFEST
echo "created the package in $release; upload $artifacts/CAutoModerate.xcframework.zip to $url"
