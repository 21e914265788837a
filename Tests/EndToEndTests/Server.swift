import Support
import Testing

/// Unmodified servers without signal handlers, one for each language; each answers its pid.
enum Server: String, CaseIterable, CustomTestStringConvertible {
    case node, python, go, java, ruby, gunicorn, uvicorn, swift, puma
    case threads = "gunicorn with threads"

    var testDescription: String { rawValue }

    /// What follows `swpm start` so that it serves on the port.
    func arguments(_ site: Site, port: UInt16) throws -> [String] {
        switch self {
        case .node: return [try site.fixture("node/server.js"), "--", "\(port)"]
        case .python:
            return [
                try site.fixture("python/server.py"), "--interpreter", "/usr/bin/python3", "--", "\(port)",
            ]
        case .go: return [try built(site), "--", "\(port)"]
        case .java: return ["java"] + javaArguments(try built(site), port)
        case .ruby: return [try site.fixture("ruby/server.rb"), "--", "\(port)"]
        case .gunicorn, .threads:
            _ = try site.fixture("gunicorn/app.py")
            let threads = self == .threads ? ["--threads", "32"] : []
            return ["/usr/bin/gunicorn", "--", "--workers", "1"] + threads
                + ["--bind", "127.0.0.1:\(port)", "app:app"]
        case .puma:
            let rack = try site.fixture("puma/config.ru")
            return [
                "/usr/bin/puma", "--", "--quiet", "--threads", "1:32", "--bind",
                "tcp://127.0.0.1:\(port)", rack,
            ]
        case .uvicorn:
            _ = try site.fixture("uvicorn/app.py")
            return [
                "/usr/bin/python3", "--", "-m", "uvicorn", "--no-access-log", "--port", "\(port)", "app:app",
            ]
        case .swift: return ["puppet", "--", "--serve", "\(port)"]
        }
    }

    private func javaArguments(_ classes: String, _ port: UInt16) -> [String] {
        ["--", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx64m", "-cp", classes, "Server", "\(port)"]
    }

    /// Compiles what must be compiled, once for all tests, and copies it to the site.
    private func built(_ site: Site) throws -> String {
        let cache = "\(Programs.root)/.build/fixtures"
        makeDirectories(cache)
        switch self {
        case .go:
            try compile(
                "\(cache)/server", from: "\(Programs.fixtures)/go/main.go",
                Command("go", ["build", "-o", "\(cache)/server", "."]), in: "\(Programs.fixtures)/go", cache)
            copyFile("\(cache)/server", to: "\(site.bin)/goserver")
            return "\(site.bin)/goserver"
        case .java:
            let source = "\(Programs.fixtures)/java/Server.java"
            try compile(
                "\(cache)/Server.class", from: source, Command("javac", ["-d", cache, source]), in: cache,
                cache)
            copyFile("\(cache)/Server.class", to: "\(site.scratch.directory("classes"))/Server.class")
            return site.scratch.path("classes")
        case .node, .python, .ruby, .gunicorn, .uvicorn, .swift, .puma, .threads: return ""
        }
    }

    private func compile(
        _ product: String, from source: String, _ command: Command, in directory: String, _ cache: String
    ) throws {
        var command = command
        command.directory = directory
        for (name, value) in [
            "CGO_ENABLED": "0", "GOCACHE": "\(cache)/gocache", "GOPATH": "\(cache)/gopath",
            "GOFLAGS": "-mod=mod",
            "GOTOOLCHAIN": "local", "HOME": cache,
        ] { command.environment[name] = value }
        if try Command("/usr/bin/test", [product, "-nt", source]).run().succeeded { return }
        let finished = try command.run(within: .seconds(300))
        try #require(finished.succeeded, "\(finished)")
    }
}

extension Site {
    /// Starts so many instances of the server as `app`, and waits as a user would.
    @discardableResult
    func start(
        _ server: Server, instances: Int, port: UInt16, options: [String] = []
    ) throws -> Finished {
        let start =
            ["start", "--name", "app", "-i", "\(instances)"] + options
            + (try server.arguments(self, port: port))
        let finished = try command(start).run(within: .seconds(120))
        try #require(finished.succeeded, "\(finished)\n\(daemonLog)")
        return finished
    }
}
