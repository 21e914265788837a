internal import CLinux

/// A right beyond an ordinary user's (capabilities(7)).
public struct Capability: Equatable, Sendable {
    let bit: UInt64

    public static let bindLowPorts = Capability(bit: 1 << 10)
    public static let traceProcesses = Capability(bit: 1 << 19)
    public static let administer = Capability(bit: 1 << 21)
    public static let changeUser = Capability(bit: 1 << 7)
    public static let changeOwner = Capability(bit: 1 << 0)

    /// Whether this process has it in effect.
    public var isHeld: Bool {
        var bits: UInt64 = 0
        return clinux_effective_capabilities(&bits) == 0 && bits & bit != 0
    }
}
