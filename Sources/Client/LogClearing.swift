internal import Console
internal import Linux
internal import Supervision
internal import Wire

/// `logs --clear-deleted`: removes the logs of apps that nobody knows any more, and nothing that swpm did not name.
enum LogClearing {
    static func run(voice: Voice, caller: Caller) throws(Stop) -> Int32 {
        guard let known = try LogCatalogue.fromDaemon(caller) else { throw Session.notRunning(caller.home) }
        let found = leftovers(in: caller.home.logs, besides: known.sources)
        var bytes: UInt64 = 0
        var apps: Set<String> = []
        var files = 0
        for leftover in found {
            do throws(SystemError) {
                bytes += UInt64((try File.status(leftover.path))?.size ?? 0)
                try File.remove(leftover.path)
            } catch {
                throw Stop(error)
            }
            apps.insert(leftover.app)
            files += 1
        }
        guard voice.manner.json else {
            return voice.tell(Report(output: Wording.clearedLogs(apps.sorted(), files: files, bytes: bytes)))
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("apps")
            writer.array(apps.sorted()) { $0.string($1) }
            writer.key("files")
            writer.integer(files)
            writer.key("bytes")
            writer.integer(bytes)
        }
        voice.say(bytes: writer.bytes + [UInt8(ascii: "\n")])
        return ExitCode.done.rawValue
    }

    struct Leftover: Equatable {
        var path: String
        var app: String
    }

    /// Logs, rotated ones and their indexes whose names lead to no app that is known, sorted.
    static func leftovers(in directory: String, besides known: [LogSource]) -> [Leftover] {
        // No directory: no logs.
        let names = (try? Directory.names(in: directory)) ?? []
        let present = Set(names)
        let kept = Set(known.map { LogFileName($0.app, nil, nil).app })
        let paths = Set(known.map(\.path))
        return names.compactMap { name in
            guard let log = log(of: name), let file = LogFileName(log),
                !paths.contains("\(directory)/\(log)"),
                !kept.contains(where: { belongs(log, to: $0) }),
                // Such a name (`notes.log`) anybody could have chosen: an index beside it shows that it is ours.
                file.stream != nil || present.contains(TimeIndex.name(ofLog: log))
            else { return nil }
            return Leftover(path: "\(directory)/\(name)", app: file.app)
        }
    }

    /// Which log a file is, belongs to, or was rotated from; nil: none that swpm could have named.
    private static func log(of name: String) -> String? {
        if LogFileName(name) != nil { return name }
        let isIndex = name.hasPrefix(".")
        let plain = isIndex ? String(name.dropFirst().dropLast(".times".count)) : name
        if isIndex, TimeIndex.name(ofLog: plain) != name { return nil }
        if LogFileName(plain) != nil { return plain }
        // The stamp has no ".log" in it.
        let parts = plain.split(separator: ".", omittingEmptySubsequences: false)
        guard let end = parts.lastIndex(of: "log") else { return nil }
        let log = parts[...end].joined(separator: ".")
        return RotatedLog(name: plain, of: log) == nil ? nil : log
    }

    /// Names can be read in several ways (`a-out-1.log`: of the app `a`, or of `a-out`); one is enough.
    private static func belongs(_ log: String, to app: String) -> Bool {
        log.hasPrefix(app) && LogFileName("x" + log.dropFirst(app.count))?.app == "x"
    }
}
