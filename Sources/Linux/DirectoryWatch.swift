internal import Glibc

/// Tells what happens to the files of directories, without looking (inotify(7)).
public struct DirectoryWatch: ~Copyable {
    public let descriptor: Descriptor
    /// One may be known by several paths.
    private var directories: [Int32: [String]] = [:]

    /// What happened to a name.
    public struct Change: Equatable, Sendable {
        public var directory: String
        public var name: String

        public var path: String { directory == "/" ? "/\(name)" : "\(directory)/\(name)" }
    }

    public enum News: Equatable, Sendable {
        /// Something was written, made, renamed or removed under these names.
        case changes([Change])
        /// More happened than the kernel remembers, or a directory itself has gone: everything may have changed.
        case anything
    }

    /// Refused by EMFILE when the user has too many (fs.inotify.max_user_instances).
    public init() throws(SystemError) {
        let number = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard number >= 0 else { throw SystemError("watch directories", code: errno) }
        descriptor = Descriptor(owning: number)
    }

    /// Refused by ENOSPC when the user watches too much (fs.inotify.max_user_watches).
    public mutating func add(_ directory: String) throws(SystemError) {
        let mask = DirectoryWatch.modified | DirectoryWatch.named | DirectoryWatch.isGone
        let number = inotify_add_watch(descriptor.number, directory, mask | DirectoryWatch.onlyDirectory)
        guard number >= 0 else { throw SystemError("watch \(directory)", code: errno) }
        if directories[number]?.contains(directory) != true {
            directories[number, default: []].append(directory)
        }
    }

    /// What has happened since; nil: nothing.
    public borrowing func read() throws(SystemError) -> News? {
        var changes: [Change] = []
        var isAnything = false
        while let bytes = try descriptor.read(atMost: 64 << 10), !bytes.isEmpty {
            bytes.withUnsafeBytes { take($0, &changes, &isAnything) }
        }
        if isAnything { return .anything }
        return changes.isEmpty ? nil : .changes(changes)
    }

    private borrowing func take(
        _ bytes: UnsafeRawBufferPointer, _ changes: inout [Change], _ isAnything: inout Bool
    ) {
        let head = MemoryLayout<inotify_event>.size
        var place = 0
        while place + head <= bytes.count {
            let event = bytes.loadUnaligned(fromByteOffset: place, as: inotify_event.self)
            let name = bytes[(place + head)..<min(bytes.count, place + head + Int(event.len))]
            place += head + Int(event.len)
            if event.mask & (DirectoryWatch.overflow | DirectoryWatch.isGone) != 0 { isAnything = true }
            guard !name.isEmpty else { continue }
            let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
            for directory in directories[event.wd] ?? [] {
                let change = Change(directory: directory, name: text)
                if changes.last != change { changes.append(change) }
            }
        }
    }

    private static let modified: UInt32 = 0x2
    /// Moved from, moved to, created, deleted.
    private static let named: UInt32 = 0x40 | 0x80 | 0x100 | 0x200
    /// The directory was deleted, moved or unmounted.
    private static let isGone: UInt32 = 0x400 | 0x800 | 0x2000
    private static let overflow: UInt32 = 0x4000
    private static let onlyDirectory: UInt32 = 0x100_0000
}
