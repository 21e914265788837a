public import Glibc

/// What procfs says about one process: proc(5).
public struct ProcessFacts: Sendable, Equatable {
    public var id: pid_t
    public var parent: pid_t
    public var group: pid_t
    public var session: pid_t
    /// `Z` for a process that ended and was not waited for.
    public var state: Character
    public var command: [String]
}

/// Everything that runs, zombies included, as far as we may see.
public func runningProcesses() -> [ProcessFacts] {
    names(in: "/proc").compactMap { pid_t($0) }.compactMap { factsAbout($0) }
}

public func factsAbout(_ process: pid_t) -> ProcessFacts? {
    // The command's own name stands in parentheses and may hold anything; the fields follow the last one.
    guard let text = readFile("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 3, let state = fields[0].first else { return nil }
    let words = (readBytes("/proc/\(process)/cmdline") ?? []).split(separator: 0)
    return ProcessFacts(
        id: process, parent: pid_t(fields[1]) ?? 0, group: pid_t(fields[2]) ?? 0,
        session: pid_t(fields[3]) ?? 0,
        state: state, command: words.map { String(decoding: $0, as: UTF8.self) })
}

/// Whether it runs: neither gone nor waiting to be reaped.
public func isAlive(_ process: pid_t) -> Bool { factsAbout(process).map { $0.state != "Z" } ?? false }

/// The processes that were started with this variable and value in their environment.
public func processes(with variable: String, _ value: String) -> [ProcessFacts] {
    let wanted = Array("\(variable)=\(value)".utf8)
    return processes { $0.elementsEqual(wanted) }
}

/// Processes with such an entry, `NAME=value`, in their environment.
public func processes(with isWanted: (ArraySlice<UInt8>) -> Bool) -> [ProcessFacts] {
    runningProcesses().filter { facts in
        guard let bytes = readBytes("/proc/\(facts.id)/environ") else { return false }
        return bytes.split(separator: 0).contains(where: isWanted)
    }
}
