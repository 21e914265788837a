internal import Glibc

/// A terminal that a test can type into and look at: tmux(1), on a server of its own.
public final class Tmux {
    private let socket: String

    /// Opens a terminal of the given size in which `command` (of a shell) runs.
    public init(
        _ command: String, in scratch: Scratch, columns: Int = 100, rows: Int = 30,
        environment: [String: String?] = [:]
    ) throws {
        socket = scratch.path("tmux")
        var start = Command(
            "tmux",
            [
                "-f", "/dev/null", "-S", socket, "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)",
                command,
            ])
        start.environment = environment
        start.environment["TMUX"] = .some(nil)
        start.environment["TERM"] = "xterm-256color"
        let result = try start.run()
        guard result.succeeded else { throw NeverHappened(description: "\(result)") }
        let socket = socket
        scratch.atEnd { _ = try? Command("tmux", ["-S", socket, "kill-server"]).run() }
    }

    /// Types keys by their tmux names (`Enter`, `C-c`, `Up`), or text as it is.
    public func type(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

    /// Changes the size of the terminal, as a user dragging its corner.
    public func resize(columns: Int, rows: Int) throws {
        try tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    }

    /// What is on the screen, line by line, without trailing blanks.
    public func screen() throws -> [String] {
        try tmux(["capture-pane", "-p"]).output.split(separator: "\n", omittingEmptySubsequences: false).map(
            String.init)
    }

    /// The screen with the sequences that colour it.
    public func colouredScreen() throws -> String { try tmux(["capture-pane", "-p", "-e"]).output }

    /// Waits until a line of the screen contains `text`.
    @discardableResult
    public func wait(for text: String, within limit: Duration = .seconds(10)) throws -> [String] {
        var last: [String] = []
        do {
            try eventually(within: limit, "\"\(text)\" on the screen") {
                last = try screen()
                return last.contains { $0.contains(text) }
            }
        } catch {
            throw NeverHappened(description: "\(error)\n\(last.joined(separator: "\n"))")
        }
        return last
    }

    @discardableResult
    private func tmux(_ arguments: [String]) throws -> Finished {
        let result = try Command("tmux", ["-S", socket] + arguments).run()
        guard result.succeeded else { throw NeverHappened(description: "\(result)") }
        return result
    }
}
