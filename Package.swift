// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .unsafeFlags(
        [
            "-Osize", "-cross-module-optimization", "-Xllvm", "-frame-pointer=all", "-Xfrontend",
            "-function-sections",
        ],
        .when(configuration: .release)),
]

// What goes into the binary does without regular expressions: they are a sixth of it, and one
// `contains("text")` brings them in.
// With SWPM_FAULTS in the environment it can be told to die at any step: `make faults`.
let isFaulty = Context.environment["SWPM_FAULTS"] != nil
let lean =
    strict + [.unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"])]
    + (isFaulty ? [.define("FAULTS")] : [])
let map = isFaulty ? "swpm-faults.map" : "swpm.map"

// One static binary: nothing to install beside it, and it starts in a millisecond.
let standalone: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-executable", "-use-ld=lld", "-Xlinker", "--gc-sections", "-Xlinker", "--icf=safe",
            "-Xlinker", "--no-eh-frame-hdr", "-Xlinker", "-s",
        ],
        .when(platforms: [.linux], configuration: .release))
]

let package = Package(
    name: "swpm",
    products: [.executable(name: "swpm", targets: ["swpm"])],
    targets: [
        // What should happen. Values only.
        .target(name: "Supervision", swiftSettings: lean),
        // How it is said to programs.
        .target(name: "Wire", dependencies: ["Supervision"], swiftSettings: lean),
        // How it is said to people.
        .target(name: "Console", dependencies: ["Supervision"], swiftSettings: lean),
        // What Swift cannot say safely.
        .target(
            name: "CLinux",
            cSettings: [
                .unsafeFlags([
                    "-Wall", "-Wextra", "-Werror", "-fno-omit-frame-pointer", "-ffunction-sections",
                ])
            ]),
        // The machine, without a word of swpm in it.
        .target(name: "Linux", dependencies: ["CLinux"], swiftSettings: lean),
        // The parent and safe of all instances.
        .target(name: "Keeper", dependencies: ["Linux"], swiftSettings: lean),
        // The loop, and what hangs on it.
        .target(
            name: "Daemon", dependencies: ["Supervision", "Wire", "Linux", "Keeper"], swiftSettings: lean),
        // One request, one answer.
        .target(
            name: "Client", dependencies: ["Supervision", "Wire", "Console", "Linux"], swiftSettings: lean),
        // Which shell?
        .executableTarget(
            name: "swpm", dependencies: ["Daemon", "Keeper", "Client", "Console", "Linux"],
            exclude: ["without-unwinding.ld"],
            swiftSettings: lean,
            linkerSettings: standalone + [
                .unsafeFlags(
                    [
                        "-Xlinker", "-T\(Context.packageDirectory)/Sources/swpm/without-unwinding.ld",
                        // See CLinux/unicode.c.
                        "-Xlinker", "--wrap=_swift_stdlib_getScalarName",
                        // The names that the program itself does without, for the traces of its crashes.
                        "-Xlinker", "-Map=\(Context.packageDirectory)/.build/\(map)",
                    ],
                    .when(platforms: [.linux], configuration: .release))
            ]),

        // The simulated world that the supervisor is tried in.
        .target(name: "World", dependencies: ["Supervision"], path: "Tests/World", swiftSettings: strict),
        // Thousands of lives: `make simulate`.
        .executableTarget(
            name: "simulate", dependencies: ["World", "Supervision"], path: "Tests/Simulate",
            swiftSettings: strict),
        // Scratch homes, deadlines, tmux, the built binary.
        .target(name: "Support", dependencies: ["Linux"], path: "Tests/Support", swiftSettings: strict),
        // A process that does as told.
        .executableTarget(
            name: "puppet", dependencies: ["Keeper", "Linux"], path: "Tests/Puppet", swiftSettings: strict,
            linkerSettings: standalone),
        // A load generator that knows how a request can fail.
        .executableTarget(
            name: "load", dependencies: ["Linux"], path: "Tests/Load", swiftSettings: strict,
            linkerSettings: standalone),
        // Medians beside the best peers: `make bench`.
        .executableTarget(
            name: "benchmarks", dependencies: ["Linux", "Support", "Wire"], path: "Tests/Benchmarks",
            swiftSettings: strict),
        .testTarget(name: "SupervisionTests", dependencies: ["Supervision"], swiftSettings: strict),
        .testTarget(
            name: "SimulationTests", dependencies: ["World", "Supervision", "simulate"], swiftSettings: strict
        ),
        .testTarget(
            name: "WireTests", dependencies: ["Wire", "Supervision"], exclude: ["Golden"],
            swiftSettings: strict),
        .testTarget(name: "ConsoleTests", dependencies: ["Console", "Supervision"], swiftSettings: strict),
        .testTarget(
            name: "ClientTests",
            dependencies: ["Client", "Console", "Wire", "Supervision", "Linux", "Support"],
            swiftSettings: strict),
        .testTarget(
            name: "LinuxTests", dependencies: ["Linux", "CLinux", "Support", "puppet"], swiftSettings: strict),
        .testTarget(
            name: "DaemonTests",
            dependencies: [
                "Daemon", "Keeper", "Wire", "Supervision", "Linux", "CLinux", "Support", "puppet",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "EndToEndTests", dependencies: ["Linux", "Supervision", "Wire", "Support"],
            swiftSettings: strict),
    ]
)
