internal import Supervision

extension ListenAddress: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        guard case .string(let text) = json, let address = ListenAddress(text: text) else {
            throw JSONMismatch(expected: "an address like \"127.0.0.1:3000\" or \"[::]:3000\"", found: json)
        }
        self = address
    }

    func write(to writer: inout JSONWriter) {
        writer.string(description)
    }

    /// `127.0.0.1:3000`, `[::1]:3000`, and for every address `:3000`.
    init?(text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = ASCII.decimal(text.utf8[text.utf8.index(after: colon)...]).flatMap(
                UInt16.init(exactly:))
        else { return nil }
        let host = text[..<colon]
        if host.isEmpty {
            self.init(host: "::", port: port)
        } else if host.hasPrefix("["), host.hasSuffix("]"),
            ListenAddress.isVersion6(host.dropFirst().dropLast())
        {
            self.init(host: String(host.dropFirst().dropLast()), port: port)
        } else if ListenAddress.isVersion4(host) {
            self.init(host: String(host), port: port)
        } else {
            return nil
        }
    }

    private static func isVersion4(_ host: Substring) -> Bool {
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { ASCII.decimal($0).map { $0 < 256 } ?? false }
    }

    private static func isVersion6(_ host: Substring) -> Bool {
        host.utf8.contains(UInt8(ascii: ":"))
            && host.utf8.allSatisfy {
                $0.hexValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
    }
}
