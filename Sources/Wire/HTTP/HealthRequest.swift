public import Supervision

/// What is sent to an instance to ask how it is.
extension HTTPProbe {
    public func request(port: UInt16) -> [UInt8] {
        var lines = ["GET \(path) HTTP/1.1"]
        let names = Set(headers.keys.map { $0.lowercased() })
        if !names.contains("host") { lines.append("Host: localhost:\(port)") }
        if !names.contains("user-agent") { lines.append("User-Agent: swpm-health") }
        if !names.contains("accept") { lines.append("Accept: */*") }
        for (name, value) in headers.sorted(by: { $0.key < $1.key }) { lines.append("\(name): \(value)") }
        return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
    }
}

extension HTTPLimits {
    /// Of an answer to a health check so much is read.
    public static var healthAnswers: HTTPLimits {
        var limits = HTTPLimits()
        limits.bodyBytes = 64 << 10
        return limits
    }
}
