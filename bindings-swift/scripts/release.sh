#!/usr/bin/env bash
# release.sh VERSION URL: makes Artifacts/release, a package ready to publish, and
# Artifacts/CAutoModerate.xcframework.zip, to upload to URL. The manifest names URL and the checksum. Needs the
# framework of xcframework.sh. ARTIFACTS sets another folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ $# != 2 ] || [[ ! "$1" =~ ^[0-9]+\.[0-9]+\.[0-9]+$ ]] || [[ "$2" != https://*.zip ]]; then
    echo "usage: release.sh VERSION https://…/CAutoModerate.xcframework.zip" >&2
    exit 2
fi
version="$1" url="$2" artifacts="${ARTIFACTS:-Artifacts}"
if [ ! -d "$artifacts/CAutoModerate.xcframework" ]; then
    echo "release.sh: there is no $artifacts/CAutoModerate.xcframework: run scripts/xcframework.sh on a Mac" >&2
    exit 1
fi

release="$artifacts/release"
rm -rf "$release" "$artifacts"/CAutoModerate.xcframework.zip
mkdir -p "$release/Sources"
# The same files always give the same bytes, and so the same checksum.
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
echo "$release is the package; put $artifacts/CAutoModerate.xcframework.zip at $url"
