@testable import Wire

/// What a parser makes of bytes that arrive in pieces: everything up to the first refusal.
enum Taken: Equatable {
    case request(HTTPRequest)
    case awaitsContinue
    case refused(Int)
}

/// Feeds pieces one after the other, and takes what is complete after each.
func outcomes(of pieces: [[UInt8]], limits: HTTPLimits = HTTPLimits()) -> [Taken] {
    var parser = RequestParser(limits: limits)
    var outcomes: [Taken] = []
    for piece in pieces {
        parser.feed(piece)
        do {
            while let arrival = try parser.next() {
                switch arrival {
                case .request(let request): outcomes.append(.request(request))
                case .awaitsContinue: outcomes.append(.awaitsContinue)
                }
            }
        } catch {
            return outcomes + [.refused(error.status)]
        }
    }
    return outcomes
}

func outcomes(of text: String, limits: HTTPLimits = HTTPLimits()) -> [Taken] {
    outcomes(of: [[UInt8](text)], limits: limits)
}

/// The status with which a text is refused, or nil if it is not.
func refusal(of text: String, limits: HTTPLimits = HTTPLimits()) -> Int? {
    if case .refused(let status)? = outcomes(of: text, limits: limits).last { status } else { nil }
}

extension Dice {
    /// Cuts bytes into pieces, some of them empty.
    mutating func cut(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = min(rest.count, flip() ? roll(0...3) : roll(0...400))
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }
}

/// Requests as our client and others send them; each is complete.
let validRequests = [
    "GET /v1/ping HTTP/1.1\r\nHost: swpm\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nHost: x\r\nAccept:*/*\r\nX-Empty:\r\n\r\n",
    "POST /v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
    "POST /v1/apps HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n",
    "DELETE /v1/apps/a%2Fb%20c?x=1&y=a+b HTTP/1.1\r\nhOsT: x\r\nConnection: close\r\n\r\n",
    "GET http://swpm/v1/ping HTTP/1.0\r\n\r\n",
    "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
]
