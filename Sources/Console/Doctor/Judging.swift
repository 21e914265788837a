// What each thing means. A sentence says what is missing, and after the colon what that costs.

extension Doctor {
    static func kernel(_ found: Symptoms) -> [Finding] {
        [
            Finding(
                "seccomp",
                fine: "listeners of programs can be held"
                    + (found.isRoot ? "" : "; under it sudo and ping do not work in a program"),
                trouble: found.filterRefusal.map {
                    "\($0): instances cannot share a port, and a reload loses connections"
                }, "docker run --security-opt seccomp=unconfined"),
            Finding(
                "pidfd_getfd", fine: "sockets of programs can be borrowed",
                trouble: found.borrowRefusal.map {
                    "\($0): a program gets another socket at bind, without the options it had set"
                }, "docker run --cap-add SYS_PTRACE"),
            Finding(
                "clone3", fine: "programs are started the fast way",
                trouble: found.cloneRefusal.map { "\($0): a start takes a little longer" }),
            yama(found),
            Finding(
                "low ports",
                fine: found.bindsLowPorts
                    ? "every port can be bound" : "ports from \(found.firstFreePort) on can be bound",
                trouble: found.bindsLowPorts || found.firstFreePort <= 80
                    ? nil : "ports below \(found.firstFreePort) cannot be bound by \(found.user)",
                "sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80"),
            Finding(
                "migrate_req", fine: "what waits for a listener that is closed goes to the next one",
                trouble: found.migrates == true
                    ? nil : "off: a program that closes its own listener resets what waits there",
                found.migrates == nil ? nil : "sudo sysctl -w net.ipv4.tcp_migrate_req=1"),
            group(found),
            Finding(
                "ipv6", fine: "available",
                trouble: found.hasIPv6 ? nil : "none here: programs that listen on :: fail"),
        ]
    }

    private static func yama(_ found: Symptoms) -> Finding {
        let remedy = "sudo sysctl -w kernel.yama.ptrace_scope=1"
        switch found.traceScope {
        case 2 where !found.isRoot:
            return Finding("ptrace_scope", .limited, "2: sockets cannot be borrowed without root", remedy)
        case 3...:
            return Finding(
                "ptrace_scope", .limited, "3: sockets cannot be borrowed until the next boot", remedy)
        case 1:
            return Finding(
                "ptrace_scope", .fine, "1: enough, but for programs whose keeper was killed, until a reload")
        default: return Finding("ptrace_scope", .fine, "\(found.traceScope)")
        }
    }

    /// Nothing is lost without: what a program leaves behind is found by its mark and its parents.
    private static func group(_ found: Symptoms) -> Finding {
        guard let group = found.group else {
            return Finding("cgroup", .fine, "no unified tree; swpm needs none")
        }
        let offers = found.controllers.isEmpty ? "no controllers" : found.controllers
        return Finding(
            "cgroup", .fine,
            "\(group), \(found.groupIsWritable ? "ours" : "not ours") to divide (\(offers)); swpm needs none")
    }

    static func limits(_ found: Symptoms) -> [Finding] {
        let instances = Quantities.count(Int(clamping: found.openFiles / 8), "instance")
        let room = found.roomForProcesses
        return [
            Finding(
                "open files", fine: "at most \(found.openFiles)",
                trouble: found.openFiles >= 4096
                    ? nil : "at most \(found.openFiles): enough for about \(instances)",
                "ulimit -Hn 65536, then swpm update"),
            Finding(
                "processes", fine: "room for \(room) more",
                trouble: room >= 200
                    ? nil : "room for \(room) more: then nothing can be started or restarted",
                nil, room >= 10 ? .limited : .broken),
            Finding(
                "somaxconn", fine: "\(found.backlog) connections can wait",
                trouble: found.backlog >= 1024
                    ? nil : "\(found.backlog) connections can wait: more at once are refused or slow",
                "sudo sysctl -w net.core.somaxconn=4096"),
        ]
    }

    static func clock(_ found: Symptoms) -> [Finding] {
        if found.isBehind > .seconds(60) {
            let gap = Quantities.duration(found.isBehind)
            return [
                Finding(
                    "clock", .limited,
                    "was set back by \(gap) or more: times in logs, and `logs --since`, are off")
            ]
        }
        return [
            Finding(
                "clock",
                fine: found.isSynchronised == nil ? "it is not told whether it is kept right" : "kept right",
                trouble: found.isSynchronised == false
                    ? "nobody keeps it right: times in logs differ from those of other machines" : nil,
                "timedatectl set-ntp true")
        ]
    }
}

// MARK: - What is ours

extension Doctor {
    static func home(_ found: Symptoms) -> [Finding] {
        guard let mode = found.homeMode else {
            return [Finding("home", .fine, "\(found.home) will be made by the first start")]
        }
        let home = Wording.typed(found.home)
        var findings: [Finding] = []
        if let owner = found.homeOwner {
            findings.append(
                Finding(
                    "home", .broken, "\(found.home) belongs to \(owner): nothing can be done here",
                    "\(owner == "root" ? "sudo" : "sudo -iu \(Wording.typed(owner))") swpm doctor"))
        } else {
            let isOpen = mode & (found.sharesHome ? 0o067 : 0o077) != 0
            findings.append(
                Finding(
                    "home",
                    fine: "\(found.home), "
                        + (found.sharesHome ? "and control_group may look" : "\(found.user)'s alone"),
                    trouble: isOpen ? "\(found.home) is open to others, who may read what is in it" : nil,
                    "chmod go-rwx \(home)", .broken))
        }
        findings.append(
            Finding(
                "files", fine: "all are \(found.homeOwner ?? found.user)'s",
                trouble: fault(found.foreignFiles, "of another user").map { "\($0): the daemon cannot write" }
                    ?? fault(found.closedFiles, "closed to its owner"),
                found.foreignFiles.isEmpty
                    ? "chmod -R u+rwX \(home)" : "sudo chown -R \(Wording.typed(found.user)) \(home)", .broken
            ))
        findings += found.disks.map { disk in
            let free = Quantities.memory(UInt64(clamping: disk.available))
            return Finding(
                "disk", fine: "\(free) free at \(disk.path)",
                trouble: disk.available >= disk.reserve
                    ? nil : "\(free) free at \(disk.path): logs are dropped, and no change may be saved", nil,
                .broken)
        }
        findings += found.settingsFaults.map { Finding("settings", .broken, "\($0): it is not obeyed") }
        return findings
    }

    private static func fault(_ paths: [String], _ what: String) -> String? {
        guard let first = paths.first else { return nil }
        return first + (paths.count > 1 ? " and \(paths.count - 1) more are " : " is ") + what
    }

    static func state(_ found: Symptoms) -> Finding {
        switch found.state {
        case .none: Finding("state", .fine, "nothing was ever started")
        case .readable(let apps): Finding("state", .fine, "\(Quantities.count(apps, "app")) known")
        case .unreadable(let reason):
            Finding(
                "state", .broken, "state.json cannot be read (\(reason)): the next daemon would know no app",
                found.daemon.isUp ? "swpm reload all" : nil)
        }
    }

    static func aside(_ found: Symptoms) -> [Finding] {
        guard let newest = found.aside.last else { return [] }
        return [
            Finding(
                "state", .limited,
                "one that could not be read is kept: apps that only it names are not known",
                "rm \(Wording.typed("\(found.home)/\(newest)"))")
        ]
    }

    static func service(_ found: Symptoms) -> [Finding] {
        guard let platform = found.platform else {
            return [Finding("boot", .limited, "neither systemd nor OpenRC runs here: no boot starts swpm")]
        }
        let startup = found.isRoot || platform == .systemd ? "swpm startup" : "sudo swpm startup"
        guard let unit = found.unit else {
            return [Finding("boot", .limited, "not set up: after a boot nothing runs", startup)]
        }
        guard found.isEnabled else {
            return [Finding("boot", .limited, "\(unit) is not enabled: after a boot nothing runs", startup)]
        }
        let needsLinger = found.isPersonal && !found.lingers
        return [
            Finding(
                "boot", fine: "\(unit) is enabled",
                trouble: needsLinger ? "\(found.user) does not linger: swpm starts at the first login" : nil,
                "loginctl enable-linger \(Wording.typed(found.user))")
        ]
    }

    static func programs(_ found: Symptoms) -> [Finding] {
        var findings = [
            Finding(
                "PATH", fine: "swpm is \(found.program)",
                trouble: found.inPath == nil
                    ? "no swpm in it: scripts and cron jobs do not find \(found.program)"
                    : found.inPathIsOther
                        ? "swpm is \(found.inPath ?? ""), and this one is \(found.program)" : nil,
                found.inPath == nil ? "ln -s \(Wording.typed(found.program)) /usr/local/bin/" : "type -a swpm"
            )
        ]
        switch found.daemon {
        case .absent:
            findings.append(Finding("daemon", .fine, "not running"))
        case .mute(let reason):
            findings.append(
                Finding(
                    "daemon", .broken,
                    "does not answer (\(reason)): programs run on, and nothing can be changed",
                    "tail \(Wording.typed(found.log))"))
        case .up(let version, let process, let isOther):
            findings.append(
                Finding(
                    "daemon", fine: "\(version), process \(process)",
                    trouble: isOther ? "\(version), process \(process): another program than this one" : nil,
                    "swpm update"))
        }
        if found.restarts > 0 {
            findings.append(
                Finding(
                    "restarts", .limited,
                    "the daemon was restarted \(Quantities.count(found.restarts, "time")), the last time "
                        + "\(Quantities.duration(found.lastRestart)) ago", "tail \(Wording.typed(found.log))")
            )
        }
        if found.orphans > 0 {
            findings.append(
                Finding(
                    "keeper", .limited,
                    "was killed: how \(Quantities.count(found.orphans, "instance")) will end may not be known",
                    "swpm reload all"))
        }
        return findings
    }
}

extension Symptoms.Daemon {
    fileprivate var isUp: Bool {
        if case .up = self { return true }
        return false
    }
}
