internal import Glibc

/// What a test waited for in vain.
public struct NeverHappened: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

/// Waits until `condition` holds: tests wait for an event with a deadline, they never sleep and hope.
public func eventually(
    within limit: Duration = .seconds(10), _ what: String = "", file: String = #fileID, line: Int = #line,
    _ condition: () throws -> Bool
) throws {
    let clock = ContinuousClock()
    let end = clock.now.advanced(by: limit)
    var pause: UInt32 = 1000
    while try !condition() {
        guard clock.now < end else {
            throw NeverHappened(description: "\(file):\(line): not within \(limit): \(what)")
        }
        usleep(pause)
        pause = min(pause * 2, 20_000)
    }
}

/// Waits until `value` is something, and gives it.
public func eventually<Value>(
    within limit: Duration = .seconds(10), _ what: String = "", file: String = #fileID, line: Int = #line,
    value: () throws -> Value?
) throws -> Value {
    var found: Value?
    try eventually(within: limit, what, file: file, line: line) {
        found = try value()
        return found != nil
    }
    return found!
}
