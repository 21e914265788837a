/// One step on the way from the root of a JSON text to a value in it.
enum JSONStep: Equatable {
    case key(String)
    case index(Int)
}

extension Array where Element == JSONStep {
    /// `apps[0].env.PORT`
    var description: String {
        var text = ""
        for step in self {
            switch step {
            case .key(let key): text += text.isEmpty ? key : ".\(key)"
            case .index(let index): text += "[\(index)]"
            }
        }
        return text
    }
}

// MARK: - Locate

extension JSONError {
    /// Finds the place of a value of the wrong shape by reading the text once more.
    ///
    /// So values carry no positions, and only errors pay for them.
    init(_ mismatch: JSONMismatch, in bytes: UnsafeBufferPointer<UInt8>, options: JSONOptions) {
        var parser = JSONParser(bytes: bytes, options: options)
        let offset = parser.offset(of: mismatch.path, atKey: mismatch.isAboutKey)
        let place = mismatch.isAboutKey || mismatch.path.isEmpty ? "" : "\(mismatch.path.description): "
        self.init(at: offset ?? 0, of: bytes, message: place + mismatch.message)
    }

    init(_ mismatch: JSONMismatch, in bytes: [UInt8], options: JSONOptions) {
        self = bytes.withUnsafeBufferPointer {
            JSONError(mismatch, in: $0, options: options)
        }
    }
}

extension JSONParser {
    /// Where the value at the end of the path begins (or its key); the text is known to be well-formed.
    mutating func offset(of path: [JSONStep], atKey: Bool) -> Int? {
        index = 0
        do {
            try skipPreamble()
            for (position, step) in path.enumerated() {
                let last = position == path.count - 1
                switch step {
                case .key(let key):
                    guard let start = try enter(key) else { return nil }
                    if last, atKey { return start }
                case .index(let wanted):
                    try enter(wanted)
                }
            }
            return index
        } catch {
            return nil
        }
    }

    /// Steps to the value of a member; returns where its key begins.
    private mutating func enter(_ wanted: String) throws(Fault) -> Int? {
        index += 1
        while true {
            try skipTrivia()
            guard index < bytes.count, bytes[index] != UInt8(ascii: "}") else { return nil }
            let start = index
            let found = try key()
            try skipTrivia()
            index += 1
            try skipTrivia()
            if found == wanted { return start }
            _ = try value()
            try skipTrivia()
            _ = take(UInt8(ascii: ","))
        }
    }

    private mutating func enter(_ wanted: Int) throws(Fault) {
        index += 1
        try skipTrivia()
        for _ in 0..<wanted {
            _ = try value()
            try skipTrivia()
            _ = take(UInt8(ascii: ","))
            try skipTrivia()
        }
    }
}
