import Support
import Testing

/// The full screen, in a real terminal.
@Suite(.serialized) struct Monitoring {
    @Test func `monit shows instances and gives the terminal back`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "ticker", "-i", "2", "--", "--tick", "100ms")
        let terminal = try Tmux("sh", in: site.scratch, environment: site.variables)
        try terminal.type("swpm monit", "Enter")
        let screen = try terminal.wait(for: "ticker")
        #expect(screen.contains { $0.contains("online") }, "\(screen.joined(separator: "\n"))")
        try terminal.wait(for: "tick")
        try terminal.type("q")
        try terminal.type("echo back-$((40+2))", "Enter")
        let after = try terminal.wait(for: "back-42")
        #expect(!after.contains { $0.contains("online") }, "\(after.joined(separator: "\n"))")
    }
}
