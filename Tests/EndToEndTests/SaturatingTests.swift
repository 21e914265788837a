import Glibc
import Support
import Testing

/// The table of docs/guides/zero-downtime-deploys.md: what clients that ask without a pause lose in a reload.
@Suite(.serialized) struct Saturating {
    /// One column: how the app drains, and what stands before it.
    private enum Column: CaseIterable {
        case direct, directOff, proxied, proxiedOff

        var drain: String { self == .directOff || self == .proxiedOff ? "off" : "connections" }
        var isProxied: Bool { self == .proxied || self == .proxiedOff }
        var remedy: String { self == .proxiedOff ? "proxy_next_upstream error timeout non_idempotent;" : "" }
    }

    @Test(
        .enabled(if: Counts.isSoak, "takes minutes: SWPM_SOAK=1"),
        arguments: [
            Server.go, .threads, .uvicorn, .java, .puma,
        ])
    func `a row of the table is printed, and the remedy leaves nothing`(_ server: Server) throws {
        let cells = try Column.allCases.map { try measure(server, $0) }
        let texts = cells.map { "\($0.failedEach) of \($0.requestsEach)" }
        print("| \(server.rawValue) | \(texts.joined(separator: " | ")) |")
        #expect(cells[3].failed == 0, "\(cells[3])")
    }

    private struct Cell {
        var failed: Int64
        var requests: Int64
        var reloads: Int64

        var failedEach: String {
            let tenths = failed * 10 / reloads
            return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
        }
        var requestsEach: Int64 { requests / reloads }
    }

    /// 24 clients, POSTs of 500 bytes, reloads of two instances one after the other.
    private func measure(_ server: Server, _ column: Column) throws -> Cell {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let (port, front) = (freePort(), freePort())
        try site.start(
            server, instances: 2, port: port,
            options: ["--drain", column.drain, "--drain-timeout", "4s", "--zero-downtime"])
        let nginx =
            column.isProxied
            ? try site.startNginx(
                on: front, before: "127.0.0.1:\(port)", isPlain: true, more: column.remedy) : nil
        let load = try Load(
            port: column.isProxied ? front : port, clients: 24, pause: 0,
            more: ["--keep-alive", "--post", "500"])
        let reloads = 4
        for _ in 0..<reloads { try site.must("reload", "app", within: .seconds(60)) }
        let result = try load.stop()
        _ = try nginx?.stop(SIGQUIT)
        return Cell(
            failed: result.failures, requests: result.succeeded + result.failures, reloads: Int64(reloads))
    }
}
