import Glibc
import Support
import Testing
import Wire

/// Every version of Node that there is to be had; `.ci/setup` puts them there.
enum NodeVersion: Int, CaseIterable, CustomTestStringConvertible {
    case v18 = 18
    case v20 = 20
    case v22 = 22
    case v24 = 24

    var testDescription: String { "node \(rawValue)" }

    /// Two in `make test`: the oldest, and the system's.
    static var some: [NodeVersion] { Counts.isSoak ? allCases : [.v18, .v20] }

    /// One in `make test`, where the version can hardly matter.
    static func one(_ version: NodeVersion) -> [NodeVersion] { Counts.isSoak ? allCases : [version] }

    /// Its program, where the owner of the site can run it.
    func program(for site: Site) throws -> String {
        try self == .v20 ? "/usr/bin/node" : site.runtime("node-\(rawValue)", "node")
    }
}

extension Site {
    /// What `.ci/setup` has fetched, where the owner can run it.
    func runtime(_ folder: String, _ program: String) throws -> String {
        let cache = environment("SWPM_TEST_CACHE") ?? "\(environment("HOME") ?? "/root")/.cache/swpm-tests"
        let source = "\(cache)/\(folder)/bin/\(program)"
        try #require(isExecutable(source), "\(source) is missing: .ci/setup")
        let path = "\(scratch.directory(folder))/\(program)"
        if !exists(path) { copyFile(source, to: path) }
        return path
    }

    /// Starts a Node fixture by an ecosystem file, which may say more.
    func startNode(
        _ version: NodeVersion, _ fixture: String, arguments: [String], instances: Int = 1, more: String = ""
    ) throws {
        let script = try self.fixture("node/\(fixture)")
        let words = arguments.map { "\"\($0)\"" }.joined(separator: ",")
        let path = file(
            "node.json",
            """
            {"apps": [{"name": "app", "script": "\(script)", "args": [\(words)], "instances": \(instances),
            "interpreter": "\(try version.program(for: self))", "kill_timeout": "100s",
            "env": {"NODE_PATH": "/usr/share/nodejs"}\(more)}]}
            """)
        try must("start", path)
    }

    /// A key and a certificate for it, which nobody has signed.
    func certificate(in folder: String) throws -> (key: String, certificate: String) {
        let (key, certificate) = ("\(folder)/key.pem", "\(folder)/cert.pem")
        if let user = owner.becomes { giveTree(folder, to: user) }
        let made = try command(
            "openssl",
            ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate]
                + ["-days", "2", "-subj", "/CN=localhost"]
        ).run()
        try #require(made.succeeded, "\(made)")
        return (key, certificate)
    }

    /// nginx before the app, with TLS to the client, unless it is plain, and kept connections to the app.
    func startNginx(
        on port: UInt16, before upstream: String, isPlain: Bool = false, more: String = ""
    ) throws -> Running {
        let folder = scratch.directory("nginx")
        let (key, certificate) = try self.certificate(in: folder)
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(folder)/\($0);" }.joined(separator: " ")
        let user = owner.becomes == nil && geteuid() == 0 ? "user root;" : ""
        let configuration = file(
            "nginx.conf",
            """
            \(user) daemon off; pid \(folder)/pid; error_log \(folder)/error.log; worker_processes 1;
            events { worker_connections 1024; }
            http {
              access_log off; \(paths)
              upstream app { server \(upstream); keepalive 64; }
              server {
                listen 127.0.0.1:\(port)\(isPlain ? "" : " ssl");
                ssl_certificate \(certificate); ssl_certificate_key \(key);
                location / {
                  proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection "";
                  \(more)
                }
              }
            }
            """)
        let nginx = try command("/usr/sbin/nginx", ["-e", "\(folder)/error.log", "-c", configuration]).start()
        try eventually(within: .seconds(20), "nginx") {
            exists("\(folder)/pid") && nginx.isRunning
        }
        return nginx
    }
}

/// wrk at work: 24 clients that post over kept connections, the next request right after each answer.
struct Posting {
    private let running: Running

    init(_ site: Site, _ address: String) throws {
        // What has not listened within min_uptime counts as ready, too; wrk does not try twice.
        let port = address.split(separator: ":").last.flatMap { UInt16($0.prefix { $0 != "/" }) }
        try eventually(within: .seconds(30), "\(address)\n\(site.daemonLog)") {
            (try? Visitor(port: try #require(port))) != nil
        }
        let script = site.file(
            "post.lua",
            """
            wrk.method = "POST"
            wrk.body = string.rep("x", 300)
            wrk.headers["Content-Type"] = "text/plain"
            """)
        running = try site.command(
            "wrk", ["-t1", "-c24", "-d1200s", "--timeout", "60s", "-s", script, address]
        ).start()
    }

    /// Ends it: every request was answered, and answered well.
    func expectNoFailure(_ site: Site) throws {
        let seen = try running.stop(SIGINT, within: .seconds(90))
        #expect(seen.output.contains("requests in"), "\(seen)")
        #expect(!seen.output.contains("Non-2xx"), "\(seen)\n\(site.daemonLog)")
        #expect(!seen.output.contains("Socket errors"), "\(seen)\n\(site.daemonLog)")
        #expect(!seen.output.contains("\n  0 requests in"), "\(seen)")
    }
}
