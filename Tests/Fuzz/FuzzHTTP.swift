import Wire

/// Whatever arrives, in whatever pieces, gives the same requests and answers, and a call survives its rewriting.
///
/// The first byte says how the rest is cut; libFuzzer invents both.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryHTTP(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let cut = bytes.first else { return 0 }
    let message = Array(bytes.dropFirst())
    let pieces = cutUp(message, every: Int(cut % 17) + 1)
    let requests = takeRequests(from: [message])
    precondition(requests == takeRequests(from: pieces), "a cut changed the requests")
    precondition(takeAnswer(from: [message]) == takeAnswer(from: pieces), "a cut changed the answer")
    for case .request(let request) in requests { tryCall(request) }
    return 0
}

private enum Taken: Equatable {
    case request(HTTPRequest)
    case refused(HTTPRefusal)
}

private func takeRequests(from pieces: [[UInt8]]) -> [Taken] {
    var parser = RequestParser()
    var taken: [Taken] = []
    for piece in pieces {
        parser.feed(piece)
        do throws(HTTPRefusal) {
            while let arrival = try parser.next() {
                if case .request(let request) = arrival { taken.append(.request(request)) }
            }
        } catch {
            return taken + [.refused(error)]
        }
    }
    return taken
}

private struct Answered: Equatable {
    var heads: [HTTPResponseHead] = []
    var data: [UInt8] = []
    var ends = 0
    var refusal: HTTPRefusal?
}

private func takeAnswer(from pieces: [[UInt8]]) -> Answered {
    var parser = ResponseParser()
    var answered = Answered()
    do throws(HTTPRefusal) {
        for piece in pieces {
            parser.feed(piece)
            while let arrival = try parser.next() {
                switch arrival {
                case .head(let head): answered.heads.append(head)
                case .data(let data): answered.data += data
                case .end: answered.ends += 1
                }
            }
        }
        if try parser.finish() != nil { answered.ends += 1 }
    } catch {
        answered.refusal = error
    }
    return answered
}

private func tryCall(_ request: HTTPRequest) {
    guard let call = try? APICall(request) else { return }
    var parser = RequestParser()
    parser.feed(call.bytes())
    guard case .request(let again)? = try? parser.next(), let rewritten = try? APICall(again) else {
        preconditionFailure("our own request was not understood")
    }
    precondition(rewritten == call, "a call changed on its way")
}

private func cutUp(_ bytes: [UInt8], every size: Int) -> [[UInt8]] {
    stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min($0 + size, bytes.count)]) }
}
