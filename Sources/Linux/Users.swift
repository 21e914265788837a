/// A user, as /etc/passwd and /etc/group know it (passwd(5), group(5)).
public struct User: Equatable, Sendable {
    public var name: String
    public var number: UInt32
    public var group: UInt32
    public var home: String
    public var shell: String
    /// With `group`; sorted.
    public var groups: [UInt32]

    public var identity: SpawnRequest.Identity {
        SpawnRequest.Identity(user: number, group: group, groups: groups)
    }
}

/// Looks users and groups up in the files, and asks getent(1) for those that are not there.
///
/// getpwnam(3) would load libraries of the very glibc it was built with, which a static program does not have.
public struct Users: Sendable {
    private let directory: String
    private let asksOthers: Bool

    public init() { self.init(directory: "/etc", asksOthers: true) }

    init(directory: String, asksOthers: Bool) {
        self.directory = directory
        self.asksOthers = asksOthers
    }

    /// By name, or by number: one that nobody has a name for stands for itself.
    public func user(_ key: String) -> User? {
        let entry =
            entry(key, in: "passwd", fields: 7)
            ?? UInt32(key).map { ["\($0)", "x", "\($0)", "\($0)", "", "/", "/bin/sh"] }
        guard let entry, let number = UInt32(entry[2]), let group = UInt32(entry[3]) else { return nil }
        return User(
            name: entry[0], number: number, group: group, home: entry[5], shell: entry[6],
            groups: groups(of: entry[0], first: group))
    }

    /// The number of a group, by name or number.
    public func group(_ key: String) -> UInt32? {
        entry(key, in: "group", fields: 3).flatMap { UInt32($0[2]) } ?? UInt32(key)
    }

    /// A user's name, for people; the number if it has none in the files.
    public func name(of number: UInt32) -> String {
        lines("passwd", fields: 7).first { $0[2] == "\(number)" }?[0] ?? "\(number)"
    }

    private func entry(_ key: String, in file: String, fields: Int) -> [String]? {
        let entries = lines(file, fields: fields)
        return entries.first { $0[0] == key } ?? entries.first { $0[2] == key }
            ?? asked(file, key).flatMap { Users.fields(of: $0, atLeast: fields) }
    }

    private func groups(of name: String, first: UInt32) -> [UInt32] {
        let named = lines("group", fields: 4).filter { entry in
            entry[3].split(separator: ",").contains { $0 == name }
        }
        var numbers = Set(named.compactMap { UInt32($0[2]) })
        // getent prints the user, then every group of it, also those of a directory service.
        let isKnownHere = lines("passwd", fields: 7).contains { $0[0] == name }
        if !isKnownHere, let answer = asked("initgroups", name) {
            numbers.formUnion(answer.split(separator: " ").dropFirst().compactMap { UInt32($0) })
        }
        numbers.insert(first)
        return numbers.sorted()
    }

    private func lines(_ file: String, fields: Int) -> [[String]] {
        guard let text = contents(of: "\(directory)/\(file)") else { return [] }
        return text.split(separator: "\n").compactMap { Users.fields(of: String($0), atLeast: fields) }
    }

    private static func fields(of line: String, atLeast count: Int) -> [String]? {
        let fields = line.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        return fields.count >= count ? fields : nil
    }

    /// The first line that getent(1) prints; nil without it, or without an answer.
    private func asked(_ database: String, _ key: String) -> String? {
        guard asksOthers, !key.hasPrefix("-") else { return nil }
        let environment = ["PATH=/usr/bin:/bin", "LC_ALL=C"]
        // An answer that cannot be had is no answer.
        guard let asked = try? ShortProgram.run("getent", [database, key], environment: environment),
            asked.code == 0
        else { return nil }
        return asked.output.split(separator: "\n").first.map(String.init)
    }
}
