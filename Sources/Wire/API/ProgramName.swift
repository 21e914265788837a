/// Which swpm it is, as the `Server` header of every answer says it: `swpm/0.1.0 (6f24e5e73e75)`.
public struct ProgramName: Equatable, Sendable {
    public var version: String
    /// What the linker derived from the program; empty where it did not. Two builds of one version differ in it.
    public var build: String

    public init(version: String, build: String) {
        self.version = version
        self.build = build
    }

    public var header: String { "swpm/\(version)" + (build.isEmpty ? "" : " (\(build))") }

    /// Nil: whoever answers is not ours.
    public init?(header: String) {
        let parts = header.split(separator: " ")
        guard let name = parts.first, name.hasPrefix("swpm/"), parts.count <= 2 else { return nil }
        version = String(name.dropFirst(5))
        build = parts.count == 2 ? String(parts[1].dropFirst().dropLast()) : ""
    }

    /// By the numbers between the dots; what is no number counts as 0.
    public func isOlder(than other: ProgramName) -> Bool {
        numbers.lexicographicallyPrecedes(other.numbers)
    }

    private var numbers: [Int] { version.split(separator: ".").map { Int($0) ?? 0 } }
}
