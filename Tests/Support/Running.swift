public import Glibc

/// A program that was started and is looked after: whoever drops it ends it.
public final class Running: @unchecked Sendable {
    public let process: pid_t
    private let command: Command
    private let output: Int32
    private let errors: Int32
    private let started = ContinuousClock().now
    private var finished: Finished?

    init(_ command: Command, _ process: pid_t, output: Int32, errors: Int32) {
        self.command = command
        self.process = process
        self.output = output
        self.errors = errors
    }

    deinit {
        if finished == nil {
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
        close(output)
        close(errors)
    }

    public var isRunning: Bool { poll() == nil }
    public var outputSoFar: String { text(of: output) }
    public var errorsSoFar: String { text(of: errors) }

    public func send(_ signal: Int32) {
        if poll() == nil { kill(process, signal) }
    }

    /// Waits for the end. A program that has not ended by then is killed, and that is a failure.
    @discardableResult
    public func wait(within limit: Duration = .seconds(60)) throws -> Finished {
        do {
            return try eventually(within: limit, "the end of \(command.program) \(command.arguments)") {
                poll()
            }
        } catch {
            kill(process, SIGKILL)
            let remains = try eventually(value: { poll() })
            throw NeverHappened(description: "\(error)\n\(remains)")
        }
    }

    /// Asks it to end, and waits.
    @discardableResult
    public func stop(_ signal: Int32 = SIGTERM, within limit: Duration = .seconds(10)) throws -> Finished {
        send(signal)
        return try wait(within: limit)
    }

    private func poll() -> Finished? {
        if let finished { return finished }
        var status: Int32 = 0
        guard waitpid(process, &status, WNOHANG) == process else { return nil }
        // wait(2): the low seven bits name the signal, the next byte the code.
        let signal = status & 0x7f
        finished = Finished(
            command: ([command.program] + command.arguments).joined(separator: " "),
            code: signal == 0 ? (status >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal,
            output: text(of: output), errors: text(of: errors), took: ContinuousClock().now - started)
        return finished
    }

    private func text(of file: Int32) -> String {
        var status = stat()
        fstat(file, &status)
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = pread(file, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}
