internal import Linux
internal import Supervision

/// Callers' environments, each in a memory file that the keeper holds too: they survive the daemon, not the
/// machine, and never touch a disk.
final class Environments {
    static let keyPrefix = "environment/"

    private var files: [EnvironmentID: SharedDescriptor] = [:]
    /// What of each may be written to disk.
    private(set) var survivors: [EnvironmentID: [String: String]] = [:]
    private let keeper: KeeperLink
    private var next: UInt64 = 1

    init(keeper: KeeperLink) {
        self.keeper = keeper
    }

    /// Takes back what a previous daemon deposited.
    func restore(_ number: UInt64, _ file: SharedDescriptor) {
        // A memory file that cannot be read has no variables to save.
        let bytes = (try? file.descriptor.contents()) ?? []
        enter(EnvironmentID(number), file, Environments.decode(bytes))
        next = max(next, number + 1)
    }

    /// Makes one anew of what stood on disk.
    func restore(_ id: EnvironmentID, _ variables: [String: String]) throws(SystemError) {
        restore(id.number, try file(Environments.encode(variables), under: id))
    }

    private func enter(_ id: EnvironmentID, _ file: SharedDescriptor, _ variables: [String: String]) {
        files[id] = file
        survivors[id] = variables.filter { ProgramEnvironment.survivesABoot($0.key) }
    }

    private func file(_ bytes: [UInt8], under id: EnvironmentID) throws(SystemError) -> SharedDescriptor {
        let file = SharedDescriptor(try MemoryFile.sealed("environment", bytes))
        keeper.deposit(key: Environments.key(id), file)
        return file
    }

    /// Keeps a caller's environment; the same one twice is kept once.
    func keep(_ variables: [String: String]) throws(SystemError) -> EnvironmentID {
        let bytes = Environments.encode(variables)
        for (id, file) in files where (try? file.descriptor.contents()) == bytes { return id }
        let id = EnvironmentID(next)
        next += 1
        enter(id, try file(bytes, under: id), variables)
        return id
    }

    func keep(only wanted: Set<EnvironmentID>) {
        for id in files.keys where !wanted.contains(id) {
            files[id] = nil
            survivors[id] = nil
            keeper.withdraw(key: Environments.key(id))
        }
    }

    func file(_ id: EnvironmentID?) -> SharedDescriptor? {
        id.flatMap { files[$0] }
    }

    /// The names of what programs would miss after a boot.
    var losses: [EnvironmentID: [String]] {
        files.mapValues { file in
            // A memory file that cannot be read has no variables to save.
            let variables = Environments.decode((try? file.descriptor.contents()) ?? [])
            return ProgramEnvironment.lostAtBoot(of: variables.keys, declared: [])
        }.filter { !$0.value.isEmpty }
    }
}

extension Environments {
    static func key(_ id: EnvironmentID) -> String { "\(keyPrefix)\(id.number)" }

    /// `NAME=value` and a zero byte each, sorted, as environ(7) has it.
    static func encode(_ variables: [String: String]) -> [UInt8] {
        variables.sorted { $0.key < $1.key }.flatMap { Array("\($0.key)=\($0.value)".utf8) + [0] }
    }

    static func decode(_ bytes: [UInt8]) -> [String: String] {
        var result: [String: String] = [:]
        for entry in bytes.split(separator: 0) {
            guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let name = String(decoding: entry[..<equals], as: UTF8.self)
            result[name] = String(decoding: entry[(equals + 1)...], as: UTF8.self)
        }
        return result
    }
}
