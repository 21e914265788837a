internal import Linux
internal import Wire

/// Those who may look and change nothing: the members of `control_group` in `config.json`.
struct Readers {
    let group: UInt32
    private let home: Home

    /// Nil: there are none, or it is not clear who is meant; then nobody is let in.
    init?(of home: Home, tell: (String) -> Void) {
        self.home = home
        // What is wrong with it has been said where the logs are set up.
        guard let bytes = try? File.read(home.configuration),
            let name = (try? HomeSettings(parsing: bytes))?.controlGroup
        else { return nil }
        guard let group = Users().group(name) else {
            tell("\(home.configuration): there is no group called \(name), and nobody may look")
            return nil
        }
        self.group = group
    }

    /// Takes back what `open` and `openLogs` once gave: nobody but the owner has a way in.
    static func shutOut(of home: Home) throws(SystemError) {
        for (path, mode) in [(home.path, 0o700), (home.logs, 0o700), (home.socket, 0o600)]
            as [(String, UInt32)]
        {
            guard let status = try File.status(path), status.mode & 0o077 != 0 else { continue }
            try File.setMode(path, mode)
            guard path == home.logs else { continue }
            for name in try Directory.names(in: path) {
                let file = "\(path)/\(name)"
                // A link may lead to what is not ours to close.
                guard try File.status(file, followingLinks: false)?.kind == .file else { continue }
                try File.setMode(file, 0o600)
            }
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
