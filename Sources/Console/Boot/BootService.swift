internal import Supervision

/// What starts programs at boot, and knows services.
public enum Platform: String, CaseIterable, Equatable, Sendable {
    case systemd, openrc

    /// By its own name, or by that of a system that has it (as PM2 takes them).
    init?(word: String) {
        switch word {
        case "ubuntu", "debian", "centos", "oracle", "arch": self = .systemd
        default: self.init(rawValue: word)
        }
    }
}

/// swpm as a service that starts at boot: whose, and where everything is.
public struct BootService: Equatable, Sendable {
    /// Whose programs run.
    public var user: String
    /// The user's own service manager starts it, instead of the machine's as root.
    public var isPersonal: Bool
    /// Absolute paths.
    public var program: String
    public var home: String

    public init(user: String, isPersonal: Bool, program: String, home: String) {
        self.user = user
        self.isPersonal = isPersonal
        self.program = program
        self.home = home
    }

    /// In the first lines of everything that `startup` writes: what lacks it is not ours to change.
    public static let mark = "# Written by `swpm startup`; `swpm unstartup` removes it."

    /// What the service is called. Signs that a unit's name may not have are written as systemd-escape(1) does.
    public var name: String {
        isPersonal ? "swpm" : "swpm-" + user.utf8.map(BootService.escaped).joined()
    }

    private static func escaped(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
            String(UnicodeScalar(byte))
        default: "\\x" + hexadecimal(byte)
        }
    }

    /// Two digits.
    static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    public func text(for platform: Platform) -> String {
        switch platform {
        case .systemd: SystemdUnit.text(self)
        case .openrc: OpenRCScript.text(self)
        }
    }
}
