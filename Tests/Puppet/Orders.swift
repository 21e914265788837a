import Glibc

/// Everything a puppet can be told on its command line. Without any order it lives until it is ended.
struct Orders {
    /// `--ready-after 200ms`: say READY=1 to NOTIFY_SOCKET then.
    var readyAfter: Duration?
    /// `--exit-after 1s`, with `--code 3`, or `--abort` to die of SIGABRT instead.
    var exitAfter: Duration?
    var code: Int32 = 0
    var abort = false
    /// `--ignore-term`: SIGTERM, SIGINT and SIGHUP do nothing.
    var ignoreTerm = false
    /// `--fork 2`: that many children that only wait.
    var children = 0
    /// `--daemonize-child`: a grandchild in a session of its own, whose parent is gone.
    var daemonizeChild = false
    /// `--print 1000`, `--print-error 20`: that many numbered lines.
    var lines = 0
    var errorLines = 0
    /// `--tick 100ms`: a line each time, for ever.
    var tick: Duration?
    /// `--serve 3000`, `--serve env` (the port in PORT): a plain HTTP server that answers its pid.
    var port: UInt16?
    /// `--host ::` (`127.0.0.1` unless told).
    var host = "127.0.0.1"
    /// `--serve-after 2s`: bind not before.
    var serveAfter: Duration?
    /// `--listen-again`: a second listen(2) with another backlog; after `--close-listener-after`, on a new socket.
    var listenAgain = false
    /// `--close-listener-after 1s`.
    var closeListenerAfter: Duration?
    /// `--crash trap|address|abort|overflow|thread`: a mistake of its own, told of in the file of `--report`.
    var crash: String?
    var report: String?
    /// `--bind-only`: never listens.
    var bindOnly = false
    /// `--epoll-before-bind`: the socket is in an epoll set before it has an address.
    var epollBeforeBind = false
    /// `--think 20ms`: how long a request takes.
    var think: Duration?
    /// `--lock FILE`: exits with 75 where another process holds the lock.
    var lock: String?
    /// `--stamp FILE`: appends the pid and the monotonic clock, first of all.
    var stamp: String?
    /// `--deny pidfd_getfd,notify,clone3 -- command...`: a kernel without these, for the command.
    var deny: [String] = []
    /// `--keep HOME -- command...`: be the keeper of that home, with the command as its daemon.
    var keep: String?
    /// `--hand-over SOCKET`: send the descriptors that a keeper gave to whoever listens there.
    var handOver: String?
    var command: [String] = []

    init(parsing arguments: [String]) {
        var words = arguments[...]
        while let word = words.popFirst() { take(word, &words) }
    }

    private mutating func take(_ word: String, _ rest: inout ArraySlice<String>) {
        switch word {
        case "--ignore-term": ignoreTerm = true
        case "--abort": abort = true
        case "--daemonize-child": daemonizeChild = true
        case "--listen-again": listenAgain = true
        case "--bind-only": bindOnly = true
        case "--epoll-before-bind": epollBeforeBind = true
        case "--":
            command = Array(rest)
            rest = []
        default:
            guard let value = rest.popFirst() else { refuse("\(word) needs a value, or is unknown") }
            take(word, value)
        }
    }

    private mutating func take(_ word: String, _ value: String) {
        switch word {
        case "--ready-after": readyAfter = duration(value)
        case "--exit-after": exitAfter = duration(value)
        case "--code": code = Int32(number(value))
        case "--fork": children = number(value)
        case "--print": lines = number(value)
        case "--print-error": errorLines = number(value)
        case "--tick": tick = duration(value)
        case "--serve": port = UInt16(number(value == "env" ? variable("PORT") ?? "" : value))
        case "--host": host = value
        case "--serve-after": serveAfter = duration(value)
        case "--close-listener-after": closeListenerAfter = duration(value)
        case "--think": think = duration(value)
        case "--lock": lock = value
        case "--stamp": stamp = value
        case "--keep": keep = value
        case "--hand-over": handOver = value
        case "--crash": crash = value
        case "--report": report = value
        case "--deny": deny = value.split(separator: ",").map(String.init)
        default: refuse("unknown order: \(word)")
        }
    }
}

/// `200ms`, `1s`, `1.5s` is not needed; a bare number means milliseconds.
private func duration(_ text: String) -> Duration {
    if text.hasSuffix("ms") { return .milliseconds(number(String(text.dropLast(2)))) }
    if text.hasSuffix("s") { return .seconds(number(String(text.dropLast()))) }
    return .milliseconds(number(text))
}

private func number(_ text: String) -> Int {
    guard let number = Int(text), number >= 0 else { refuse("not a number: \"\(text)\"") }
    return number
}

func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

func refuse(_ sentence: String) -> Never {
    say("puppet: \(sentence)\n", to: 2)
    exit(64)
}

/// Writes all of it: write(2).
func say(_ text: String, to descriptor: Int32 = 1) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress!, $0.count) }
        if count < 0, errno == EINTR || errno == EAGAIN { continue }
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
    }
}
