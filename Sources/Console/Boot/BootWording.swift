/// What `startup` and `unstartup` say.
public enum BootWording {
    public static func wrote(_ path: String) -> String { "wrote \(Text.sanitised(path))" }
    public static func asItShould(_ path: String) -> String { "\(Text.sanitised(path)) is as it should be" }
    public static func removed(_ path: String) -> String { "removed \(Text.sanitised(path))" }
    public static func enabled(_ service: BootService) -> String {
        "enabled \(service.name) for the next boot"
    }

    public static func nothingToRemove(_ path: String) -> String {
        "there is no \(Text.sanitised(path)): nothing to undo"
    }

    /// `isRunning`: swpm runs in that home now. `lingers`: the user's manager is started at boot, not at a login.
    public static func ready(
        _ service: BootService, _ platform: Platform, isRunning: Bool, lingers: Bool
    ) -> [String] {
        var lines = [
            "at boot, swpm starts for \(service.user) (\(Text.sanitised(service.home))): what ran runs again"
        ]
        if isRunning {
            lines.append("it runs already, and \(platform.rawValue) looks after it from the next boot on")
        } else {
            lines.append(Wording.hint(startCommand(service, platform), "to start it now"))
        }
        if service.isPersonal, !lingers {
            let command = "loginctl enable-linger \(Wording.typed(service.user))"
            lines.append(Wording.hint(command, "to start it at boot, and not when you log in"))
        }
        return lines + [Wording.hint(undoCommand(service, platform), "to undo this")]
    }

    /// Whoever typed `sudo` may have meant his own.
    public static func alsoFor(_ user: String) -> String {
        Wording.hint("sudo swpm startup --user \(Wording.typed(user))", "for the programs of \(user)")
    }

    public static func undone(_ service: BootService) -> [String] {
        ["swpm is not started at boot any more for \(service.user); what runs now goes on"]
    }

    /// After `kill`, where a service is set up.
    public static func startsAgain(_ service: BootService, _ platform: Platform) -> [String] {
        [
            "the next boot starts swpm again",
            Wording.hint(startCommand(service, platform), "to start it under \(platform.rawValue) now"),
        ]
    }

    // MARK: - What is in the way

    public static func noPlatform() -> [String] {
        [
            "neither systemd nor OpenRC runs here, so nothing can be started at boot",
            Wording.hint("swpm startup systemd --print", "what would be written where there is one"),
        ]
    }

    public static func needsRoot(_ user: String, _ platform: Platform) -> [String] {
        [
            "only root can do that",
            Wording.hint("sudo swpm startup \(platform.rawValue) --user \(Wording.typed(user))", "type"),
        ]
    }

    public static func noSuchUser(_ name: String) -> [String] { ["there is no user \(Text.quoted(name))"] }

    public static func foreignHome(_ home: String, of user: String) -> [String] {
        ["\(Text.sanitised(home)) does not belong to \(user)"]
    }

    public static func notOurs(_ path: String) -> [String] {
        ["\(Text.sanitised(path)) was not written by swpm, and is left alone"]
    }

    public static func commandFailed(_ command: String, _ code: Int32, _ output: String) -> [String] {
        ["\(Text.sanitised(command)) ended with \(code)"]
            + output.split(separator: "\n").map { "  " + Text.sanitised(String($0)) }
    }

    // MARK: - What to type

    private static func startCommand(_ service: BootService, _ platform: Platform) -> String {
        let name = Wording.typed(service.name)
        switch platform {
        case .systemd:
            return service.isPersonal ? "systemctl --user start \(name)" : "systemctl start \(name)"
        case .openrc: return "rc-service \(name) start"
        }
    }

    private static func undoCommand(_ service: BootService, _ platform: Platform) -> String {
        let user =
            service.isPersonal || service.user == "root" ? "" : " --user \(Wording.typed(service.user))"
        return "swpm unstartup \(platform.rawValue)\(user)"
    }
}
