internal import Glibc

/// Where the programs under test stand.
public enum Programs {
    /// The folder that holds Package.swift.
    public static let root = parent(of: parent(of: parent(of: #filePath)))

    /// The release binary: `SWPM_BINARY`, else what `swift build -c release` made.
    public static var swpm: String { environment("SWPM_BINARY") ?? "\(release)/swpm" }

    /// The release binary that can be told to die at any step; nil: `make faults` has not made it.
    public static var faulty: String? {
        let path = "\(root)/.build-faults/release/swpm"
        return isExecutable(path) ? path : nil
    }

    /// The load generator, as released: a slow one would measure itself.
    public static var load: String { "\(release)/load" }

    /// The puppet, as released: static, so that it starts at once and anywhere.
    public static var releasedPuppet: String { "\(release)/puppet" }

    /// The puppet beside the test bundle, as every `swift test` builds it.
    public static var puppet: String { "\(bundleFolder)/puppet" }

    /// Programs of other languages, as source.
    public static var fixtures: String { "\(root)/Tests/Fixtures" }

    private static var release: String {
        environment("SWPM_BINARY").map { parent(of: $0) } ?? "\(root)/.build/release"
    }

    private static var bundleFolder: String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        let own = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = parent(of: own)
        return exists("\(folder)/puppet") ? folder : "\(root)/.build/debug"
    }
}
