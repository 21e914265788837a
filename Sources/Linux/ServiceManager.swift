internal import CLinux

/// Whoever runs this process as a service, and wants to hear how it is (sd_notify(3)).
///
/// What is told may be lost: a manager that does not listen is its own affair, and never a reason to stop.
public struct ServiceManager: Equatable, Sendable {
    /// A path, or an abstract name after an `@`.
    let socket: String
    /// How long it waits for a sign of life before it ends this process, in nanoseconds; nil: it does not.
    public let watchdog: Int64?

    /// Where a service finds its manager.
    public static let variable = "NOTIFY_SOCKET"

    /// Nil: nobody asked to be told.
    public init?(environment: [String: String], process: Int32) {
        guard let socket = environment[ServiceManager.variable],
            socket.hasPrefix("/") || socket.hasPrefix("@")
        else {
            return nil
        }
        self.socket = socket
        let isMeant = environment["WATCHDOG_PID"].map { $0 == "\(process)" } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
        let nanoseconds = microseconds.multipliedReportingOverflow(by: 1000)
        watchdog = isMeant && microseconds > 0 && !nanoseconds.overflow ? nanoseconds.partialValue : nil
    }

    /// `NAME=value` each.
    public func tell(_ assignments: String...) {
        let text = assignments.joined(separator: "\n")
        _ = clinux_datagram_send(socket, socket.utf8.count, text, text.utf8.count)
    }
}
