import Glibc
import Linux
import Supervision
import Support
import Wire

@testable import Client

/// A log as the daemon leaves it: files that were rotated, their times, and what is written now.
///
/// A class, because it grows while it is read.
final class LogFixture {
    let scratch = Scratch()
    let path: String
    /// What the next line's time is, in nanoseconds since 1970; each line moves it on by a second.
    var now: Int64 = 1_795_253_400_000_000_000
    private var offset: Int64 = 0
    var generation: UInt16 = 0
    private var last: (path: String, index: String)?

    static let second: Int64 = 1_000_000_000

    init(_ name: String = "web-out-0.log") {
        scratch.directory("logs")
        path = scratch.path("logs/\(name)")
    }

    var name: String { String(path.split(separator: "/").last!) }
    var source: LogSource { LogSource(id: SlotID(0), app: AppName("web"), stream: .out, path: path) }
    var index: String { scratch.path("logs/\(TimeIndex.name(ofLog: name))") }

    /// Writes text, all of one moment.
    func write(_ text: String, indexed: Bool = true) throws {
        let isNew = try File.status(path) == nil
        try File.append([], to: path)
        if isNew { offset = 0 }
        if indexed {
            if isNew {
                let inode = try File.status(path)!.inode
                try File.append(TimeIndex.header(inode: inode), to: index)
            }
            try File.append(
                TimeIndex.Record(time: now, offset: offset, generation: generation).bytes, to: index)
        }
        try File.append(Array(text.utf8), to: path)
        let time = timespec(tv_sec: Int(now / LogFixture.second), tv_nsec: 0)
        utimensat(AT_FDCWD, path, [time, time], 0)
        offset += Int64(text.utf8.count)
    }

    /// Writes lines, a second apart.
    func write(lines: [String], indexed: Bool = true) throws {
        for line in lines {
            try write(line + "\n", indexed: indexed)
            now += LogFixture.second
        }
    }

    /// Puts the file aside, as the daemon does; returns where it is then.
    @discardableResult
    func rotate(_ compression: LogCompression? = nil) throws -> String {
        let stamp = RotatedLog.stamp(atMicroseconds: now / 1000)
        let rotated = RotatedLog(stamp: stamp)
        let target = rotated.name(of: path)
        let name = rotated.name(of: name)
        if try File.status(index) != nil {
            try File.rename(index, to: scratch.path("logs/\(TimeIndex.name(ofLog: name))"))
        }
        try File.rename(path, to: target)
        now += LogFixture.second
        guard let compression else { return target }
        return try compress(target, compression)
    }

    @discardableResult
    func compress(_ target: String, _ compression: LogCompression) throws -> String {
        let program = Command(compression.rawValue, compression == .gzip ? [target] : ["-q", "--rm", target])
        let finished = try program.run()
        guard finished.succeeded else { throw NeverHappened(description: "\(finished)") }
        return "\(target).\(compression.fileExtension)"
    }
}

extension LogReader {
    /// Everything there is now.
    func texts() -> [String] {
        var texts: [String] = []
        while let line = next() { texts.append(String(decoding: line.bytes, as: UTF8.self)) }
        return texts
    }

    /// Begins with the last lines, and goes on with what comes.
    func begin(lines: Int) -> [String] {
        begin(LogSpan(lines: lines, goesOn: true))
        return texts()
    }

    /// All of a span that has an end.
    func texts(_ span: LogSpan, matching filter: LogFilter? = nil) -> [String] {
        begin(span, matching: filter)
        return texts()
    }
}
