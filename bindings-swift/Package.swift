// swift-tools-version: 6.0
import Foundation
import PackageDescription

// If scripts/xcframework.sh has built the framework for Apple's platforms, the framework provides the Rust part.
// Otherwise, the Rust part is a static library built by
// `cargo rustc --release -p automoderate-swift --lib --crate-type staticlib`. Pass the library's folder to
// `swift build` with `-Xlinker -LFOLDER`.
let framework = "Artifacts/CAutoModerate.xcframework"
let frameworkExists = FileManager.default.fileExists(atPath: Context.packageDirectory + "/" + framework)
let native: Target =
    frameworkExists
    ? .binaryTarget(name: "CAutoModerate", path: framework)
    : .systemLibrary(name: "CAutoModerate", path: "Sources/CAutoModerate")

let package = Package(
    name: "AutoModerate",
    platforms: [.macOS(.v13), .iOS(.v16), .tvOS(.v16), .visionOS(.v1)],
    products: [
        .library(name: "AutoModerate", targets: ["AutoModerate"]),
        .library(name: "AutoModerateTesting", targets: ["AutoModerateTesting"]),
    ],
    targets: [
        native,
        .target(
            name: "AutoModerateFFI", dependencies: ["CAutoModerate"],
            // System libraries that the Rust part needs for certificates and proxies.
            linkerSettings: ["Security", "SystemConfiguration", "CoreFoundation"].map {
                .linkedFramework($0, .when(platforms: [.macOS, .iOS, .tvOS, .visionOS]))
            }),
        .target(
            name: "AutoModerate", dependencies: ["AutoModerateFFI"], resources: [.copy("PrivacyInfo.xcprivacy")]),
        .target(name: "AutoModerateTesting", dependencies: ["AutoModerate", "AutoModerateFFI"]),
        .executableTarget(name: "automoderate-tail", dependencies: ["AutoModerate"], path: "Examples/Tail"),
        .executableTarget(
            name: "automoderate-bench", dependencies: ["AutoModerate"], path: "Benchmarks/Events", exclude: ["table.py"]),
        .executableTarget(
            name: "automoderate-latency", dependencies: ["AutoModerate"], path: "Benchmarks/Latency"),
        .testTarget(name: "AutoModerateTests", dependencies: ["AutoModerate", "AutoModerateFFI", "AutoModerateTesting"]),
    ],
    swiftLanguageModes: [.v6]
)
