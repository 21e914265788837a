internal import Linux
internal import Supervision

extension Places {
    /// Where an app lies at this moment; nil: no symbolic link leads there.
    ///
    /// Of the script its directory is resolved, and its own name only where it is a text that an interpreter reads: a
    /// binary may look at the name it was called by (a virtual environment's `python`, busybox).
    init?(of spec: AppSpec) {
        let directory = spec.workingDirectory
        guard let resolved = try? File.resolve(directory) else { return nil }
        let script = Places.script(spec.script, in: directory, resolved)
        if resolved == directory, script == nil { return nil }
        self.init(workingDirectory: resolved, script: script)
    }

    /// Nil: as it is written, from the resolved directory.
    private static func script(_ script: String, in directory: String, _ resolved: String) -> String? {
        guard script.contains("/") || !script.contains(" ") else { return nil }
        let path = script.hasPrefix("/") ? script : "\(directory)/\(script)"
        guard let status = try? File.status(path), status.kind == .file, let real = real(path) else {
            return nil
        }
        let short = script.hasPrefix("./") ? String(script.dropFirst(2)) : script
        let asWritten = script.hasPrefix("/") ? script : "\(resolved)/\(short)"
        return real == asWritten ? nil : real
    }

    private static func real(_ path: String) -> String? {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        guard let name = parts.last,
            let parent = try? File.resolve("/" + parts.dropLast().joined(separator: "/"))
        else { return nil }
        let isBinary = (try? File.read(path, atMost: 4)) == [0x7F, 0x45, 0x4C, 0x46]
        if !isBinary, let whole = try? File.resolve(path) { return whole }
        return parent == "/" ? "/\(name)" : "\(parent)/\(name)"
    }
}
