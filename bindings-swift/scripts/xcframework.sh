#!/usr/bin/env bash
# xcframework.sh: builds Artifacts/CAutoModerate.xcframework, the compiled Rust code for Apple's platforms. Requires a Mac
# with Xcode and rustup. If the framework exists, the Swift package uses it instead of a separately built static library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${CARGO_TARGET_DIR:-$PWD/../target}"

# Slices of the framework, each with its Rust targets.
slices=(
    "ios aarch64-apple-ios"
    "ios-simulator aarch64-apple-ios-sim x86_64-apple-ios"
    "macos aarch64-apple-darwin x86_64-apple-darwin"
)
# Tier 3 targets need a nightly toolchain and the standard library's source, so they are built only if ALL=1.
if [ "${ALL:-}" = 1 ]; then
    slices+=(
        "tvos aarch64-apple-tvos"
        "tvos-simulator aarch64-apple-tvos-sim"
        "visionos aarch64-apple-visionos"
        "visionos-simulator aarch64-apple-visionos-sim"
    )
fi

if [ "$(uname -s)" != Darwin ]; then
    echo "xcframework.sh: this script requires a Mac with Xcode" >&2
    exit 1
fi
# Minimum versions of the operating systems, as in Package.swift.
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0 TVOS_DEPLOYMENT_TARGET=16.0 XROS_DEPLOYMENT_TARGET=1.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A separate folder avoids conflicts, because the headers of all frameworks of an app are copied to one folder.
mkdir -p "$work/headers/CAutoModerate"
cp Sources/CAutoModerate/CAutoModerate.h "$work/headers/CAutoModerate/"
# Package.swift lists the system libraries to link, so the framework's module map must not list them as well.
grep -v 'link "' Sources/CAutoModerate/module.modulemap >"$work/headers/CAutoModerate/module.modulemap"

arguments=()
for slice in "${slices[@]}"; do
    read -ra words <<<"$slice"
    libraries=()
    for triple in "${words[@]:1}"; do
        cargo=(cargo)
        extra=()
        case "$triple" in
        *tvos* | *visionos*)
            cargo=(cargo +nightly)
            extra=(-Z "build-std=std,panic_unwind")
            ;;
        *) rustup target add "$triple" ;;
        esac
        "${cargo[@]}" rustc --release "${extra[@]+"${extra[@]}"}" -p automoderate-swift --lib \
            --crate-type staticlib --target "$triple"
        libraries+=("$target/$triple/release/libautomoderate_ffi.a")
    done
    mkdir "$work/${words[0]}"
    lipo -create "${libraries[@]}" -output "$work/${words[0]}/libautomoderate_ffi.a"
    arguments+=(-library "$work/${words[0]}/libautomoderate_ffi.a" -headers "$work/headers")
done

rm -rf Artifacts/CAutoModerate.xcframework
mkdir -p Artifacts
xcodebuild -create-xcframework "${arguments[@]}" -output Artifacts/CAutoModerate.xcframework
