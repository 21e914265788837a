import Glibc
import Support
import Testing

/// Other editions of the released program: the same bytes but for a few, so that an update meets a program that
/// differs in one respect and behaves as it does everywhere else.
struct Edition {
    private var bytes: [UInt8]

    init() throws { bytes = try #require(readBytes(Programs.swpm)) }

    /// Another build, as `make install` would bring one.
    static func rebuilt() throws -> Edition {
        var edition = try Edition()
        // The head of the note: sizes of name and content, the type, the name.
        let head: [UInt8] = [4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0] + Array("GNU\0".utf8)
        let note = try #require(edition.first(head, within: 4096), "no build id")
        edition.bytes[note + head.count] ^= 0xff
        return edition
    }

    /// One whose daemon looks for the machine's boot id at another path, of the same length; nothing else reads it.
    static func looking(at path: String) throws -> Edition {
        let usual = "/proc/sys/kernel/random/boot_id"
        try #require(path.utf8.count == usual.utf8.count)
        var edition = try Edition()
        let place = try #require(edition.first(Array(usual.utf8), within: edition.bytes.count))
        edition.bytes.replaceSubrange(place..<place + path.utf8.count, with: path.utf8)
        return edition
    }

    /// For a machine that this is not (e_machine of elf(5): EM_S390).
    static func foreign() throws -> Edition {
        var edition = try Edition()
        edition.bytes[18] = 22
        edition.bytes[19] = 0
        return edition
    }

    private func first(_ pattern: [UInt8], within limit: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            var place = buffer.baseAddress!
            let end = place + limit - pattern.count
            while place < end, let found = memchr(place, Int32(pattern[0]), end - place) {
                place = UnsafeRawPointer(found)
                if memcmp(place, pattern, pattern.count) == 0 { return place - buffer.baseAddress! }
                place += 1
            }
            return nil
        }
    }
}

extension Site {
    /// Puts it where an installation would: under its name as one step, so that what runs goes on from the old file.
    @discardableResult
    func install(_ edition: Edition, as name: String = "swpm") throws -> String {
        let (draft, path) = ("\(bin)/draft", "\(bin)/\(name)")
        try edition.write(to: draft)
        try #require(rename(draft, path) == 0)
        return path
    }
}

extension Edition {
    fileprivate func write(to path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress!, $0.count) }
        try #require(written == bytes.count)
        fchmod(descriptor, 0o755)
    }
}
