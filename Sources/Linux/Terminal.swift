internal import CLinux
internal import Glibc

/// A screen and a keyboard, real or not (termios(3), pty(7)).
public enum Terminal {
    public struct Size: Equatable, Sendable {
        public var columns: Int
        public var rows: Int
        public init(columns: Int, rows: Int) {
            self.columns = columns
            self.rows = rows
        }
    }

    /// How a terminal was set before it became raw.
    public struct Mode: Sendable {
        fileprivate var bytes: [UInt8]
    }

    /// The two sides of a terminal without a screen: what one writes, the other reads.
    @frozen public struct Pair: ~Copyable {
        public let controller: Descriptor
        public let terminal: Descriptor
    }

    public static func isTerminal(_ number: Int32) -> Bool { isatty(number) == 1 }

    /// Nil when it is no terminal, or one that does not know its size.
    public static func size(_ number: Int32) -> Size? {
        var columns: Int32 = 0
        var rows: Int32 = 0
        guard clinux_terminal_size(number, &columns, &rows) == 0, columns > 0, rows > 0 else { return nil }
        return Size(columns: Int(columns), rows: Int(rows))
    }

    public static func resize(_ number: Int32, to size: Size) throws(SystemError) {
        try check(
            clinux_terminal_resize(number, Int32(size.columns), Int32(size.rows)), "resize a terminal")
    }

    /// Every key arrives at once and by itself, none is echoed, none is a signal.
    public static func enterRaw(_ number: Int32) throws(SystemError) -> Mode {
        var saved = [UInt8](repeating: 0, count: Int(clinux_terminal_mode_bytes))
        try check(clinux_terminal_raw(number, &saved), "set up the terminal")
        return Mode(bytes: saved)
    }

    public static func restore(_ number: Int32, to mode: Mode) {
        _ = clinux_terminal_restore(number, mode.bytes)
    }

    public static func openPair() throws(SystemError) -> Pair {
        var controller: Int32 = -1
        var terminal: Int32 = -1
        try check(clinux_terminal_open(&controller, &terminal), "open a pseudo-terminal")
        return Pair(controller: Descriptor(owning: controller), terminal: Descriptor(owning: terminal))
    }
}
