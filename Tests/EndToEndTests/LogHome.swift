import Glibc
import Linux
import Support
import Wire

/// A home with logs as a daemon left them, and no daemon.
struct LogHome {
    let scratch: Scratch
    var home: String { scratch.path("home") }

    static let second: Int64 = 1_000_000_000

    init(_ scratch: Scratch) {
        self.scratch = scratch
        scratch.directory("home/logs", mode: 0o700)
        chmod(scratch.path("home"), 0o700)
    }

    func path(_ name: String) -> String { scratch.path("home/logs/\(name)") }

    func command(_ arguments: [String]) -> Command {
        var command = Command(Programs.swpm, arguments)
        command.directory = scratch.path
        command.environment = ["SWPM_HOME": home, "TZ": "UTC"]
        return command
    }

    func swpm(_ arguments: String..., within limit: Duration = .seconds(60)) throws -> Finished {
        try command(arguments).run(within: limit)
    }

    /// The index of a log: at these times it had so many bytes.
    func index(_ name: String, _ records: [(time: Int64, offset: Int64)]) throws {
        let inode = try File.status(path(name))?.inode ?? 0
        let plain =
            [".gz", ".zst"].first(where: name.hasSuffix).map { String(name.dropLast($0.count)) } ?? name
        try File.append(
            TimeIndex.header(inode: inode)
                + records.flatMap { TimeIndex.Record(time: $0.time, offset: $0.offset).bytes },
            to: path(TimeIndex.name(ofLog: plain)))
    }

    /// A log of lines that were written a second apart.
    func write(_ name: String, _ lines: [String], from time: Int64) throws {
        try File.append(Array((lines.joined(separator: "\n") + "\n").utf8), to: path(name))
        var offset: Int64 = 0
        var records: [(Int64, Int64)] = []
        for (number, line) in lines.enumerated() {
            records.append((time + Int64(number) * LogHome.second, offset))
            offset += Int64(line.utf8.count) + 1
        }
        try index(name, records)
    }
}
