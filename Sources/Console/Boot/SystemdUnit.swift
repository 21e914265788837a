/// The unit by which systemd starts swpm (systemd.service(5), systemd.unit(5)).
///
/// It starts the keeper, which is the service's main process. SIGTERM has it stop all programs gracefully, and they stay
/// wanted: no `ExecStop=` is needed. Only the main process is signalled (`KillMode=process`), so that programs live on
/// when the keeper or the daemon dies; whoever comes next takes them back. An end by `swpm kill` (0), and another swpm
/// that has the home already (75), are not answered by a restart.
enum SystemdUnit {
    static func text(_ service: BootService) -> String {
        let lines =
            [BootService.mark, "[Unit]"] + unit(service) + ["", "[Service]"] + process(service)
            + ["", "[Install]", "WantedBy=\(service.isPersonal ? "default.target" : "multi-user.target")"]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func unit(_ service: BootService) -> [String] {
        let description = "Description=swpm: the programs of \(specifierFree(service.user))"
        // A user's manager knows nothing of the machine's targets.
        let order =
            service.isPersonal
            ? []
            : [
                "Wants=network-online.target",
                "After=network-online.target remote-fs.target nss-user-lookup.target",
            ]
        return [description] + order + ["StartLimitIntervalSec=0"]
    }

    private static func process(_ service: BootService) -> [String] {
        let identity =
            service.isPersonal ? [] : ["User=\(specifierFree(service.user))", "OOMScoreAdjust=-900"]
        return ["Type=notify"] + identity + [
            "Environment=" + quoted("SWPM_HOME=\(service.home)"),
            "ExecStart=\(quoted(service.program)) keeper",
            "KillMode=process",
            // The keeper asks for more as long as a program needs it.
            "TimeoutStopSec=90",
            "Restart=always",
            "RestartSec=1",
            "RestartPreventExitStatus=0 75",
            "WatchdogSec=60",
            "Delegate=yes",
            "OOMPolicy=continue",
            "TasksMax=infinity",
            "LimitNOFILE=65536:1048576",
        ]
    }

    /// A word between quotes, in which nothing means anything but itself.
    static func quoted(_ word: String) -> String {
        var result: [UInt8] = [UInt8(ascii: "\"")]
        for byte in word.utf8 {
            switch byte {
            case UInt8(ascii: "\\"), UInt8(ascii: "\""): result += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "%"): result += [byte, byte]
            case 0..<0x20, 0x7F: result += Array("\\x\(BootService.hexadecimal(byte))".utf8)
            default: result.append(byte)
            }
        }
        return String(decoding: result + [UInt8(ascii: "\"")], as: UTF8.self)
    }

    /// `%` begins a specifier everywhere.
    private static func specifierFree(_ word: String) -> String {
        word.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
    }
}
