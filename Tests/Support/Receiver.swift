internal import Glibc

/// A logger's socket, as syslog and journald have one, with nobody behind it but the test.
public final class Receiver {
    public let path: String
    private let socket: Int32

    /// For every user of this machine.
    public init(_ path: String) {
        self.path = path
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC | O_NONBLOCK, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { fatalError("cannot listen on \(path): \(reason())") }
        chmod(path, 0o666)
    }

    deinit { end() }

    /// Nobody listens any more.
    public func end() {
        close(socket)
        unlink(path)
    }

    /// What has come since.
    public func take() -> [[UInt8]] {
        var messages: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            let count = recv(socket, &buffer, buffer.count, 0)
            guard count >= 0 else { return messages }
            messages.append(Array(buffer[..<count]))
        }
    }
}

/// What an entry of journald's own protocol says; nil: it is none.
public func journalFields(_ entry: [UInt8]) -> [String: [UInt8]]? {
    var fields: [String: [UInt8]] = [:]
    var rest = entry[...]
    while !rest.isEmpty {
        guard let end = rest.firstIndex(of: 0x0A) else { return nil }
        let line = rest[..<end]
        rest = rest[(end + 1)...]
        if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
            fields[String(decoding: line[..<equals], as: UTF8.self)] = Array(line[(equals + 1)...])
            continue
        }
        guard rest.count >= 8 else { return nil }
        let count = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
        rest = rest.dropFirst(8)
        guard rest.count > count, rest[rest.startIndex + count] == 0x0A else { return nil }
        fields[String(decoding: line, as: UTF8.self)] = Array(rest.prefix(count))
        rest = rest.dropFirst(count + 1)
    }
    return fields
}
