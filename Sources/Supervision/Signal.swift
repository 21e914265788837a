/// A signal by the number Linux gives it on x86_64 and aarch64 (signal(7)).
public struct Signal: Hashable, Sendable, CustomStringConvertible {
    public var number: Int32
    public init(number: Int32) { self.number = number }

    public static let interrupt = Signal(number: 2)
    public static let abort = Signal(number: 6)
    public static let kill = Signal(number: 9)
    public static let terminate = Signal(number: 15)

    /// Reads `SIGTERM`, `term`, `TERM` or `15`.
    public init?(_ text: String) {
        let upper = text.uppercased()
        let bare = upper.hasPrefix("SIG") ? String(upper.dropFirst(3)) : upper
        if let index = Signal.names.firstIndex(of: bare) {
            self.init(number: Int32(index) + 1)
        } else if let number = Int32(bare), (1...64).contains(number) {
            self.init(number: number)
        } else {
            return nil
        }
    }

    public var description: String {
        let index = Int(number) - 1
        return Signal.names.indices.contains(index) ? "SIG\(Signal.names[index])" : "signal \(number)"
    }

    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ]
}
