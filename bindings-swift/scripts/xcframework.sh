#!/usr/bin/env bash
# xcframework.sh: makes Artifacts/CAutoModerate.xcframework, the Rust part for Apple's platforms. Needs a Mac with Xcode
# and rustup. If the framework exists, the package uses it instead of a local library.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target="${CARGO_TARGET_DIR:-$PWD/../target}"

# Each slice of the framework, with its Rust targets.
slices=(
    "ios aarch64-apple-ios"
    "ios-simulator aarch64-apple-ios-sim x86_64-apple-ios"
    "macos aarch64-apple-darwin x86_64-apple-darwin"
)
# Tier 3 targets, which need a nightly toolchain and its source: only if ALL=1.
if [ "${ALL:-}" = 1 ]; then
    slices+=(
        "tvos aarch64-apple-tvos"
        "tvos-simulator aarch64-apple-tvos-sim"
        "visionos aarch64-apple-visionos"
        "visionos-simulator aarch64-apple-visionos-sim"
    )
fi

if [ "$(uname -s)" != Darwin ]; then
    echo "xcframework.sh: this needs a Mac with Xcode" >&2
    exit 1
fi
# The versions that Package.swift promises.
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0 TVOS_DEPLOYMENT_TARGET=16.0 XROS_DEPLOYMENT_TARGET=1.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# In a folder with its own name, because the headers of all frameworks of an app end up in one place.
mkdir -p "$work/headers/CAutoModerate"
cp Sources/CAutoModerate/CAutoModerate.h "$work/headers/CAutoModerate/"
# Here the framework itself lists the libraries to link.
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
