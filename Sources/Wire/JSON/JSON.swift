/// A JSON value (RFC 8259).
///
/// Whole numbers that fit stay integers, because ids and byte counts must not pass through a `Double`; members
/// keep the order in which they were written, so that what a person wrote can be shown back.
public enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case double(Double)
    case string(String)
    case array([JSON])
    case object([Member])

    public struct Member: Equatable, Sendable {
        public var key: String
        public var value: JSON

        public init(_ key: String, _ value: JSON) {
            self.key = key
            self.value = value
        }
    }

    /// The member of that name, if this is an object that has one.
    public subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    public subscript(index: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }
}

// MARK: - Options

/// How a text is read, and how much of it.
public struct JSONOptions: Sendable {
    /// Comments, trailing commas, single quotes, unquoted keys and a byte order mark are welcome: people write so.
    public var relaxed = false
    /// Two members of one name are an error.
    public var distinctKeys = true
    public var depth = JSONOptions.depthLimit
    public var size = JSONOptions.sizeLimit

    public static let depthLimit = 64
    public static let sizeLimit = 8 << 20
    /// An ecosystem file larger than this is a mistake.
    public static let configurationSizeLimit = 1 << 20
    /// An answer of a daemon; it may list thousands of instances.
    public static let answerSizeLimit = 64 << 20

    /// What programs write and strangers may send.
    public static let strict = JSONOptions()

    /// What people write.
    public static var configuration: JSONOptions {
        var options = JSONOptions()
        options.relaxed = true
        options.size = configurationSizeLimit
        return options
    }

    /// What our own daemon wrote: large, and trusted not to repeat itself.
    public static var answer: JSONOptions {
        var options = JSONOptions()
        options.distinctKeys = false
        options.size = answerSizeLimit
        return options
    }
}

// MARK: - Errors

/// Where and why a text is not what was expected; both count from 1, columns in characters.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    public var line: Int
    public var column: Int
    public var message: String

    public init(line: Int, column: Int, message: String) {
        self.line = line
        self.column = column
        self.message = message
    }

    init(at offset: Int, of bytes: UnsafeBufferPointer<UInt8>, message: String) {
        var line = 1
        var column = 1
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        self.init(line: line, column: column, message: message)
    }

    public var description: String { "\(line):\(column): \(message)" }
}

// MARK: - Reading

extension JSON {
    public init(
        parsing bytes: UnsafeBufferPointer<UInt8>, options: JSONOptions = .strict
    ) throws(JSONError) {
        var parser = JSONParser(bytes: bytes, options: options)
        do {
            self = try parser.document()
        } catch {
            throw JSONError(at: error.offset, of: bytes, message: error.message)
        }
    }

    public init(parsing bytes: [UInt8], options: JSONOptions = .strict) throws(JSONError) {
        let outcome = bytes.withUnsafeBufferPointer { buffer -> Result<JSON, JSONError> in
            do throws(JSONError) {
                return .success(try JSON(parsing: buffer, options: options))
            } catch {
                return .failure(error)
            }
        }
        self = try outcome.get()
    }
}
