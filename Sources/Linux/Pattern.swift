internal import CLinux

/// An extended regular expression of POSIX (regex(7)), as `grep -E` takes it, that searches bytes.
///
/// Every byte is a character, so nothing that a program wrote is unsearchable; a letter that is not ASCII is found as
/// the bytes it has, but has no upper case and does not belong into brackets. A dot is any byte but NUL. A class, because the compiled form must
/// be freed once.
public final class Pattern {
    private let compiled: OpaquePointer

    /// Why a text is no such expression, in the words of regerror(3).
    public struct Mistake: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    public init(_ text: String, ignoringCase: Bool = false) throws(Mistake) {
        if text.utf8.contains(0) { throw Mistake(description: "NUL cannot be searched for") }
        var message = [CChar](repeating: 0, count: 128)
        guard let compiled = clinux_pattern_compile(text, ignoringCase ? 1 : 0, &message, message.count)
        else {
            throw Mistake(
                description: String(
                    decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        self.compiled = compiled
    }

    deinit { clinux_pattern_free(compiled) }

    public func matches(_ bytes: UnsafeRawBufferPointer) -> Bool { search(bytes, from: 0) != nil }

    public func matches(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.withUnsafeBytes { matches($0) } }

    /// Where it is found, as distances from the first byte; what is empty is not told.
    public func ranges(in bytes: ArraySlice<UInt8>, atMost limit: Int = 1000) -> [Range<Int>] {
        bytes.withUnsafeBytes { buffer in
            var found: [Range<Int>] = []
            var start = 0
            while start < buffer.count, found.count < limit, let range = search(buffer, from: start) {
                if !range.isEmpty { found.append(range) }
                start = max(range.upperBound, start + 1)
            }
            return found
        }
    }

    private func search(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Range<Int>? {
        var from = 0
        var to = 0
        // An empty buffer may have no address, and C wants one.
        let base = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
        let result = clinux_pattern_search(
            compiled, base?.assumingMemoryBound(to: CChar.self), bytes.count, start, &from, &to)
        return result == 1 ? from..<to : nil
    }
}
