internal import Linux
internal import Wire

/// Those who may look and change nothing: the members of `control_group` in `config.json`.
struct Readers {
    let group: UInt32
    private let home: Home

    /// Nil: there are none, or it is not clear who is meant; then nobody is let in.
    init?(of home: Home, tell: (String) -> Void) {
        self.home = home
        guard let bytes = try? File.read(home.configuration) else { return nil }
        do throws(JSONError) {
            guard let name = try SettingsFile(parsing: bytes).controlGroup else { return nil }
            guard let group = Users().group(name) else {
                tell("\(home.configuration): there is no group called \(name), and nobody may look")
                return nil
            }
            self.group = group
        } catch {
            tell("\(home.configuration) cannot be read and counts for nothing: \(error)")
            return nil
        }
    }

    /// Lets them through to the socket. That they may not open what else lies there is said by the mode of each file.
    func open() throws(SystemError) {
        try File.share(home.path, with: group, mode: 0o710)
        try File.share(home.socket, with: group, mode: 0o660)
    }

    /// Lets them read the logs that there are: whoever wants to read them asks first where they lie.
    func openLogs() {
        // What cannot be opened to them stays closed, and they are told by the system.
        try? File.share(home.logs, with: group, mode: 0o750)
        for name in (try? Directory.names(in: home.logs)) ?? [] {
            try? File.share("\(home.logs)/\(name)", with: group, mode: 0o640)
        }
    }
}
