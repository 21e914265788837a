internal import Glibc
internal import Linux
internal import Supervision
internal import Wire

/// One of the files that a log consists of: the live one, or one that was rotated away.
struct LogPart: Equatable {
    /// Of the live file.
    var log: String
    /// Nil: it is the live one.
    var rotated: RotatedLog?

    var path: String {
        rotated?.name(of: log) ?? log
    }

    /// Before this moment everything in it was written, in nanoseconds since 1970; nil: it is written still.
    var end: Int64? { rotated.map { $0.microseconds * 1000 } }

    /// Where its times are.
    var index: String {
        let (directory, name) = LogPart.split(log)
        let plain = rotated.map { RotatedLog.name(name, stamp: $0.stamp, nil) } ?? name
        return "\(directory)/\(TimeIndex.name(ofLog: plain))"
    }

    static func split(_ path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let directory = path[..<slash]
        return (directory.isEmpty ? "/" : String(directory), String(path[path.index(after: slash)...]))
    }
}

/// Which rotated files lie beside which logs.
///
/// A class, because all readers look into the same directories, which may hold thousands of names.
final class LogShelf {
    private var listings: [String: Listing] = [:]

    private struct Listing {
        var names: [String]
        var modified: Int64
        var isCertain: Bool
    }

    /// Changes within a tick of the kernel's clock after a listing leave the directory's time as it was.
    private static let tick: Int64 = 50_000_000

    /// The rotated parts of a log, oldest first, each once; only those after a stamp.
    func parts(of log: String, after stamp: String = "") -> [LogPart] {
        let (directory, name) = LogPart.split(log)
        let prefix = name + "."
        var found: [RotatedLog] = []
        for entry in names(in: directory) where entry.hasPrefix(prefix) {
            guard let rotated = RotatedLog(name: entry, of: name), rotated.stamp > stamp else { continue }
            found.append(rotated)
        }
        found.sort()
        var parts: [LogPart] = []
        // What is there both plain and compressed is read plain.
        for rotated in found where parts.last?.rotated?.stamp != rotated.stamp {
            parts.append(LogPart(log: log, rotated: rotated))
        }
        return parts
    }

    private func names(in directory: String) -> [String] {
        let status = (try? File.status(directory)) ?? nil
        guard let status else { return [] }
        if let known = listings[directory], known.isCertain, known.modified == status.modified {
            return known.names
        }
        // A directory that may not be listed hides rotated files; the live one can be read all the same.
        let names = (try? Directory.names(in: directory)) ?? []
        listings[directory] = Listing(
            names: names, modified: status.modified, isCertain: Clock.wall() - status.modified > LogShelf.tick
        )
        return names
    }
}
