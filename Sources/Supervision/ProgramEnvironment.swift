/// The environment a program is started with.
public enum ProgramEnvironment {
    /// The variable by which processes of an instance are recognised that nobody recorded.
    public static let marker = "SWPM_ID"

    /// Variables of ours, or of whoever started us, that must never reach a program.
    public static func mustNotLeak(_ name: String) -> Bool {
        name.hasPrefix("SWPM_") || namesAChannel(name)
            || name == "LISTEN_FDS" || name == "LISTEN_PID" || name == "LISTEN_FDNAMES"
            || name == "NOTIFY_SOCKET" || name == "WATCHDOG_USEC" || name == "WATCHDOG_PID"
    }

    /// Variables by which a Node program takes a descriptor for its message channel: a stale one makes it read and
    /// close whatever has that number, so that not even a declared one is passed on.
    public static func namesAChannel(_ name: String) -> Bool {
        name.hasPrefix("NODE_CHANNEL_") || name == "NODE_UNIQUE_ID"
    }

    /// What of a caller's environment may go to disk: nothing that could be a secret.
    public static func survivesABoot(_ name: String) -> Bool {
        ["PATH", "HOME", "LANG", "USER", "LOGNAME", "SHELL", "TZ"].contains(name) || name.hasPrefix("LC_")
    }

    /// The caller's variables that an app gets today and not after a boot, because nobody declared them; those of
    /// shells and terminals, which no program is meant to read, are passed over.
    public static func lostAtBoot(
        of caller: some Sequence<String>, declared: some Collection<String>
    ) -> [String] {
        caller.filter { name in
            !survivesABoot(name) && !mustNotLeak(name) && !isOfAShell(name) && !declared.contains(name)
        }.sorted()
    }

    /// Whether a variable is about the session it was typed in.
    private static func isOfAShell(_ name: String) -> Bool {
        shellNames.contains(name) || shellPrefixes.contains(where: name.hasPrefix)
    }

    private static let shellNames: Set<String> = [
        "_", "PWD", "OLDPWD", "SHLVL", "LANGUAGE", "LS_COLORS", "MAIL", "MANPATH", "INFOPATH", "HOSTNAME",
        "HOSTTYPE", "MACHTYPE", "OSTYPE", "IFS", "PS1", "PS2", "PS4", "PROMPT_COMMAND", "DISPLAY",
        "WAYLAND_DISPLAY", "XAUTHORITY", "WINDOWID", "COLORTERM", "COLUMNS", "LINES", "EDITOR", "VISUAL",
        "PAGER", "BROWSER", "STY", "TMUX", "TMPDIR", "DEBIAN_FRONTEND", "INVOCATION_ID",
        "JOURNAL_STREAM", "MANAGERPID", "SYSTEMD_EXEC_PID", "container",
    ]

    private static let shellPrefixes = [
        "TERM", "SSH_", "XDG_", "LESS", "DBUS_", "SUDO_", "TMUX_", "HIST", "NVM_", "GPG_", "VTE_", "BASH_",
        "ZSH_", "GNOME_", "KDE_", "VSCODE_",
    ]
}

extension Launch {
    /// The caller's variables, then the declared ones, then what tells an instance who it is (PM2's names).
    public func environment(
        inherited: [String: String], home: String, marker: String, unbuffered: Bool
    ) -> [String: String] {
        var result = inherited.filter { !ProgramEnvironment.mustNotLeak($0.key) }
        let declared = spec.environment.filter { !ProgramEnvironment.namesAChannel($0.key) }
        result.merge(declared) { _, declared in declared }
        if let variable = spec.incrementVariable, let base = Int(result[variable] ?? "0") {
            result[variable] = "\(base &+ slot.number)"
        }
        result[spec.instanceVariable] = "\(slot.number)"
        let identity = [
            "name": spec.name.name, "pm_id": "\(id.number)",
            "SWPM_HOME": home, ProgramEnvironment.marker: marker,
        ]
        result.merge(identity) { _, ours in ours }
        if unbuffered, result["PYTHONUNBUFFERED"] == nil { result["PYTHONUNBUFFERED"] = "1" }
        return result
    }
}
