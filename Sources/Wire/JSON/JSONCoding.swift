internal import Supervision

/// A value that has a JSON form.
protocol JSONWritable {
    func write(to writer: inout JSONWriter)
}

/// A value that can be read from its JSON form; the clock turns milliseconds of the epoch into instants.
protocol JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch)
}

/// A value of the right syntax and the wrong shape, and the way to it from the root.
struct JSONMismatch: Error, Equatable {
    var path: [JSONStep] = []
    var message: String
    /// The key at the end of the path is wrong, not its value.
    var isAboutKey = false

    init(_ message: String) {
        self.message = message
    }

    init(expected: String, found json: JSON) {
        message = "expected \(expected), found \(json.kind)"
    }

    /// The same, seen from one level higher.
    func under(_ step: JSONStep) -> JSONMismatch {
        var outer = self
        outer.path.insert(step, at: 0)
        return outer
    }
}

extension JSON {
    /// What it is, for a message.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "the number \(value)"
        case .double(let value): "the number \(value)"
        case .string(let value): value.utf8.count <= 40 ? "the string \"\(value)\"" : "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

// MARK: - Members of an object

/// The members of one object while they are read.
///
/// The search for a name begins where the last one ended: whoever reads in the order of writing finds each member
/// at once. Members that nobody asks for are ignored, so that an older client understands a newer daemon.
struct JSONFields {
    private let members: [JSON.Member]
    private var next = 0
    let clock: WallClock

    init(_ json: JSON, clock: WallClock) throws(JSONMismatch) {
        guard case .object(let members) = json else { throw JSONMismatch(expected: "an object", found: json) }
        self.members = members
        self.clock = clock
    }

    mutating func find(_ name: String) -> JSON? {
        for offset in members.indices {
            let index = next + offset < members.count ? next + offset : next + offset - members.count
            guard members[index].key == name else { continue }
            next = index + 1 == members.count ? 0 : index + 1
            return members[index].value
        }
        return nil
    }

    mutating func read<Value: JSONReadable>(_ name: String) throws(JSONMismatch) -> Value {
        guard let json = find(name) else { throw JSONMismatch("the key \"\(name)\" is missing") }
        do {
            return try Value(json: json, clock: clock)
        } catch {
            throw error.under(.key(name))
        }
    }

    /// Nil if it is missing or null.
    mutating func optional<Value: JSONReadable>(_ name: String) throws(JSONMismatch) -> Value? {
        guard let json = find(name), json != .null else { return nil }
        do {
            return try Value(json: json, clock: clock)
        } catch {
            throw error.under(.key(name))
        }
    }
}

// MARK: - Plain values

extension String: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        guard case .string(let value) = json else { throw JSONMismatch(expected: "a string", found: json) }
        self = value
    }
}

extension Bool: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        guard case .bool(let value) = json else { throw JSONMismatch(expected: "true or false", found: json) }
        self = value
    }
}

extension FixedWidthInteger {
    init(json: JSON) throws(JSONMismatch) {
        guard case .integer(let wide) = json else {
            throw JSONMismatch(expected: "a whole number", found: json)
        }
        guard let value = Self(exactly: wide) else {
            throw JSONMismatch("expected a number of \(Self.min) to \(Self.max), found \(wide)")
        }
        self = value
    }
}

extension Int: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) { try self.init(json: json) }
}
extension Int32: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) { try self.init(json: json) }
}
extension Int64: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) { try self.init(json: json) }
}
extension UInt16: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) { try self.init(json: json) }
}
extension UInt64: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) { try self.init(json: json) }
}

extension Array: JSONReadable where Element: JSONReadable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        guard case .array(let elements) = json else { throw JSONMismatch(expected: "an array", found: json) }
        self = []
        reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            do {
                append(try Element(json: element, clock: clock))
            } catch {
                throw error.under(.index(index))
            }
        }
    }
}

/// A word of a fixed set.
func word<Word: RawRepresentable<String>>(
    _ type: Word.Type, from json: JSON, expected: String
) throws(JSONMismatch) -> Word {
    guard case .string(let text) = json, let word = Word(rawValue: text) else {
        throw JSONMismatch(expected: expected, found: json)
    }
    return word
}
