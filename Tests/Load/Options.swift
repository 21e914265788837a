import Glibc
import Linux

/// What is to be asked, how often, and by how many.
struct Options {
    var target = SocketAddress(.v4, host: [127, 0, 0, 1], port: 0)
    var path = "/"
    /// `--clients 16`, at most 4096.
    var clients = 16
    /// `--requests 10000`: stop after so many.
    var requests = Int.max
    /// `--seconds 10`: stop after so long; an hour at most.
    var limit: Duration = .seconds(3600)
    /// `--timeout 5`: a request that takes more seconds was never answered.
    var timeout: Duration = .seconds(5)
    /// `--pause 5`: milliseconds between two requests of one client.
    var pause: Duration = .zero
    /// `--ramp 5`: milliseconds between the first request of one client and that of the next.
    var ramp: Duration = .zero
    /// `--keep-alive`: one connection for many requests.
    var keepAlive = false
    /// `--sources 50`: so many loopback addresses that clients come from, 127.1.0.1 and on; 0: the kernel's choice.
    var sources = 0
    /// `--status 200`: what a good answer is.
    var status = 200
    /// `--post 500`: POSTs with so many bytes of body.
    var body: Int?
    /// `--retry`: what a kept connection did not take is asked again on a new one, as every HTTP client does.
    var retries = false

    /// `load [options] host:port[/path]`, or `[::1]:port`. Loopback only: this is a test tool.
    init(parsing arguments: [String]) {
        var words = arguments[...]
        var hasTarget = false
        while let word = words.popFirst() {
            switch word {
            case "--keep-alive": keepAlive = true
            case "--clients": clients = number(words.popFirst(), 1...4096)
            case "--requests": requests = number(words.popFirst(), 1...100_000_000)
            case "--seconds": limit = .seconds(number(words.popFirst(), 1...3600))
            case "--timeout": timeout = .seconds(number(words.popFirst(), 1...60))
            case "--pause": pause = .milliseconds(number(words.popFirst(), 0...10_000))
            case "--ramp": ramp = .milliseconds(number(words.popFirst(), 0...1000))
            case "--post": body = number(words.popFirst(), 0...1_000_000)
            case "--retry": retries = true
            case "--sources": sources = number(words.popFirst(), 1...250)
            case "--status": status = number(words.popFirst(), 100...599)
            default:
                hasTarget = true
                aim(at: word)
            }
        }
        if !hasTarget {
            refuse("usage: load [--clients N] [--seconds N] [--requests N] [--keep-alive] host:port")
        }
    }

    private mutating func aim(at word: String) {
        let slash = word.firstIndex(of: "/") ?? word.endIndex
        if slash < word.endIndex { path = String(word[slash...]) }
        guard let colon = word[..<slash].lastIndex(of: ":"),
            let port = UInt16(word[word.index(after: colon)..<slash])
        else { refuse("not host:port: \(word)") }
        var host = String(word[..<colon])
        if host.hasPrefix("[") { host = String(host.dropFirst().dropLast()) }
        if host == "localhost" || host.isEmpty { host = "127.0.0.1" }
        guard let address = SocketAddress(text: host, port: port), address.isLoopback else {
            refuse("only loopback addresses are loaded: \(host)")
        }
        target = address
    }
}

extension Options {
    /// What every client says.
    var request: [UInt8] {
        let connection = keepAlive ? "keep-alive" : "close"
        let (method, length) = body.map { ("POST", "Content-Length: \($0)\r\n") } ?? ("GET", "")
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: \(target)\r\n\(length)Connection: \(connection)\r\n\r\n"
        return Array(head.utf8) + Array(repeating: UInt8(ascii: "x"), count: body ?? 0)
    }
}

private func number(_ text: String?, _ bounds: ClosedRange<Int>) -> Int {
    guard let text, let number = Int(text), bounds ~= number else {
        refuse("not a number within \(bounds): \(text ?? "nothing")")
    }
    return number
}

func refuse(_ sentence: String) -> Never {
    say("load: \(sentence)\n", to: 2)
    exit(64)
}

func say(_ text: String, to descriptor: Int32) {
    let bytes = Array(text.utf8)
    _ = write(descriptor, bytes, bytes.count)
}
