import Glibc
import Linux
import Support
import Testing

/// Plays the service manager, as far as a service can tell.
private final class Manager {
    private let socket: Descriptor
    private let name: String
    private(set) var heard = ""

    init(_ site: Site) throws {
        name = "swpm-test/manager\(site.scratch.path)"
        socket = try DatagramSocket.bind(abstract: name)
    }

    /// Starts the service, whose main process is the keeper.
    func start(_ site: Site) throws -> Running {
        heard = ""
        var command = site.command(["keeper"])
        command.environment["NOTIFY_SOCKET"] = "@\(name)"
        command.environment["WATCHDOG_USEC"] = "8000000"
        return try command.start()
    }

    func waitFor(_ word: String, _ site: Site) throws {
        try eventually(within: .seconds(30), "\(word)\nheard: \(heard)\n\(site.daemonLog)") {
            try listen()
            return heard.contains(word)
        }
    }

    /// Everything until now.
    func forget() throws {
        try listen()
        heard = ""
    }

    private func listen() throws {
        while let datagram = try socket.receiveDatagram(atMost: 4096) {
            heard += String(decoding: datagram.bytes, as: UTF8.self) + "\n"
        }
    }
}

/// As a service: up with the machine, down with it, and nothing forgotten.
@Suite(.serialized) struct RunningAsAService {
    /// Says when it is asked to end and when it does, half a second later.
    static let polite = """
        #!/bin/sh
        trap 'echo "begin $1" >>polite.log; sleep 0.5; echo "end $1" >>polite.log; exit 0' TERM
        while :; do sleep 1 & wait $!; done
        """

    @Test(arguments: Owner.here)
    func `down with the machine all stop at once and gracefully, and up again what ran runs`(_ owner: Owner)
        throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let manager = try Manager(site)
        // Nobody has typed a command here before.
        removeTree(site.home)
        let first = try manager.start(site)
        try manager.waitFor("READY=1\nMAINPID=\(first.process)\n", site)
        #expect(try File.status(site.home)?.mode == 0o700)
        let script = site.file("polite.sh", Self.polite, mode: 0o755)
        for name in ["b", "a", "idle", "old"] { try site.must("start", script, "--name", name, "--", name) }
        try site.must("stop", "idle")
        try site.must("delete", "old")
        let before = try site.rows()
        try manager.waitFor("WATCHDOG=1\n", site)

        removeTree(site.scratch.path("polite.log"))
        first.send(SIGTERM)
        try manager.waitFor("STOPPING=1\n", site)
        try manager.waitFor("EXTEND_TIMEOUT_USEC=30000000\n", site)
        let end = try first.wait(within: .seconds(30))
        #expect(end.code == 0, "\(end)\n\(site.daemonLog)")
        #expect(site.living.isEmpty && site.own.isEmpty)
        let lines = (readFile(site.scratch.path("polite.log")) ?? "").split(separator: "\n").map(String.init)
        #expect(lines.prefix(2).sorted() == ["begin a", "begin b"], "\(lines)")
        #expect(lines.dropFirst(2).sorted() == ["end a", "end b"], "\(lines)")
        let state = try #require(readFile("\(site.home)/state.json"))
        #expect(state.split(separator: ",").count { $0 == "\"wanted\":true" } == 2, "\(state)")

        let second = try manager.start(site)
        try manager.waitFor("READY=1\n", site)
        try eventually(within: .seconds(20), "a and b online\n\(site.daemonLog)") {
            try site.rows().count { $0.status == "online" } == 2
        }
        let after = try site.rows()
        #expect(after.first { $0.name == "idle" }?.status == "stopped" && after.count == 3, "\(after)")
        // An end with the machine is no crash.
        #expect(after.allSatisfy { $0.restarts == 0 }, "\(after)")
        #expect(Set(after.map(\.pid)).isDisjoint(with: before.filter { $0.pid > 0 }.map(\.pid)))

        // 0 is what the unit does not restart after.
        try site.must("kill")
        #expect(try second.wait(within: .seconds(20)).code == 0)
    }

    @Test(arguments: Owner.here)
    func `when its keeper is killed the service is started again, and programs notice nothing`(_ owner: Owner)
        throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let manager = try Manager(site)
        let first = try manager.start(site)
        try manager.waitFor("READY=1\n", site)
        try site.must("start", "puppet", "--name", "app", "-i", "2")
        let before = try site.pids(of: "app")
        first.send(SIGKILL)
        try first.wait()
        let second = try manager.start(site)
        try manager.waitFor("READY=1\nMAINPID=\(second.process)\n", site)
        #expect(try site.pids(of: "app") == before, "\(site.daemonLog)")
        #expect(site.own.count == 2, "\(site.own)")
        try second.stop(within: .seconds(30))
        #expect(site.living.isEmpty)
    }

    @Test(arguments: Owner.here)
    func `a daemon that hangs is ended and replaced, and neither programs nor the manager notice`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let manager = try Manager(site)
        let keeper = try manager.start(site)
        try manager.waitFor("READY=1\n", site)
        try site.must("start", "puppet", "--name", "app", "-i", "2")
        let before = try site.pids(of: "app")
        let hanging = try site.daemon
        kill(hanging, SIGSTOP)
        try eventually(within: .seconds(30), "another daemon\n\(site.daemonLog)") {
            site.own.contains { $0.command[1] == "daemon" && $0.id != hanging }
        }
        try manager.forget()
        #expect(try site.pids(of: "app") == before)
        let log = site.daemonLog
        #expect(log.contains("the daemon (process \(hanging)) does not answer; it is ended"), "\(log)")
        #expect(log.contains("the daemon was ended by signal 9; starting it again"), "\(log)")
        try manager.waitFor("WATCHDOG=1\n", site)
        #expect(keeper.isRunning && !manager.heard.contains("STOPPING"))
        try keeper.stop(within: .seconds(30))
        #expect(site.living.isEmpty)
    }

    @Test func `a home that somebody else has is refused with the code that is not tried again`() throws {
        let site = try Site(.user)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app")
        let manager = try Manager(site)
        let end = try manager.start(site).wait(within: .seconds(40))
        #expect(end.code == 75 && end.errors.contains("another one is running"), "\(end)")
    }

    @Test(arguments: Owner.here)
    func `a process of a former boot is not believed in, nor harmed`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app")
        let pid = try site.pids(of: "app")[0]
        // As a power cut does it: everything at once.
        try site.killBoth()
        kill(pid, SIGKILL)
        try eventually { !isAlive(pid) }
        let stranger = try Command("/bin/sleep", ["1000"]).start()
        let boot = try #require(readFile("/proc/sys/kernel/random/boot_id")).dropLast()
        var state = try #require(readFile("\(site.home)/state.json"))
        let (knew, ran) = (state.contains("\"\(boot)\""), state.contains("\"pid\":\(pid),"))
        #expect(knew && ran, "\(state)")
        state = replacing(String(boot), by: "another-boot", in: state)
        state = replacing("\"pid\":\(pid),", by: "\"pid\":\(stranger.process),", in: state)
        site.file("home/state.json", state, mode: 0o600)

        // With nothing saved, this only starts the daemon, as PM2's users have it in their crontab.
        try site.must("resurrect")
        try eventually(within: .seconds(20), "\(site.daemonLog)") {
            try site.rows(of: "app").allSatisfy { $0.status == "online" }
        }
        let row = try site.rows(of: "app")[0]
        #expect(
            row.pid != pid && row.pid != stranger.process && row.restarts == 0, "\(row)\n\(site.daemonLog)")
        try site.must("delete", "all")
        #expect(stranger.isRunning)
    }

    private func replacing(_ old: String, by new: String, in text: String) -> String {
        var text = text
        while let found = text.firstRange(of: old) { text.replaceSubrange(found, with: new) }
        return text
    }
}

/// `startup` and `unstartup` write, enable, and undo; nothing here touches the machine's own services.
@Suite struct SettingUpServices {
    private func site() throws -> Site {
        let site = try Site(.user)
        site.file("bin/systemctl", "#!/bin/sh\necho \"$*\" >>\"$HOME/asked\"\n", mode: 0o755)
        return site
    }

    @Test func `a user's own service is written, enabled, said twice without harm, and undone`() throws {
        let site = try site()
        defer { site.scratch.end() }
        let unit = site.scratch.path(".config/systemd/user/swpm.service")
        let shown = try site.must("startup", "systemd", "--print").output
        #expect(!exists(unit) && shown.contains("\nExecStart=\"\(site.bin)/swpm\" keeper\n"))

        let first = try site.must("startup", "systemd").output
        #expect(first.hasPrefix("wrote \(unit)\n"), "\(first)")
        #expect(first.contains("loginctl enable-linger"), "\(first)")
        #expect(readFile(unit) == shown)
        #expect(readFile(site.scratch.path("asked")) == "--user --quiet enable swpm.service\n")
        let second = try site.must("startup", "systemd").output
        #expect(second.hasPrefix("\(unit) is as it should be\n"), "\(second)")

        try site.must("start", "puppet", "--name", "app")
        let killed = try site.must("kill").output
        #expect(killed.contains("systemctl --user start swpm"), "\(killed)")

        #expect(try site.must("unstartup", "systemd").output.hasPrefix("removed \(unit)\n"))
        #expect(!exists(unit))
        #expect(try site.must("unstartup", "systemd").output.contains("nothing to undo"))
    }

    /// In a mount namespace, where a file of ours says who lingers.
    @Test(.enabled(if: geteuid() == 0)) func `whose services linger already is not told how to`() throws {
        let site = try site()
        defer { site.scratch.end() }
        let script = """
            mkdir -p /var/lib/systemd && mount -t tmpfs none /var/lib/systemd && mkdir /var/lib/systemd/linger || exit 9
            as() { setpriv --reuid nobody --regid nogroup --clear-groups "$@"; }
            as swpm startup systemd && as swpm doctor && echo --- && : >/var/lib/systemd/linger/nobody &&
                as swpm startup systemd && as swpm doctor
            """
        var command = site.command("/usr/bin/unshare", ["--mount", "sh", "-c", script])
        command.user = nil
        removeTree(site.home)
        let finished = try command.run()
        try #require(finished.succeeded, "\(finished)")
        let lines = finished.output.split(separator: "\n")
        let half = try #require(lines.firstIndex(of: "---"))
        let hint = "loginctl enable-linger nobody"
        #expect(lines[..<half].contains { $0.hasSuffix(": \(hint)") }, "\(finished)")
        #expect(!lines[half...].contains { $0.hasSuffix(hint) }, "\(finished)")
    }

    @Test func `what somebody else wrote is left alone`() throws {
        let site = try site()
        defer { site.scratch.end() }
        let text = "[Service]\nExecStart=/bin/true\n"
        let unit = site.file(".config/systemd/user/swpm.service", text)
        for verb in ["startup", "unstartup"] {
            let refused = try site.swpm(verb, "systemd")
            #expect(refused.code == 1 && refused.errors.contains("left alone"), "\(refused)")
        }
        #expect(readFile(unit) == text)
    }

    @Test func `a command that fails is shown, and so is what needs root`() throws {
        let site = try site()
        defer { site.scratch.end() }
        site.file("bin/systemctl", "#!/bin/sh\necho no bus >&2; exit 7\n", mode: 0o755)
        let failed = try site.swpm("startup", "systemd")
        #expect(failed.code == 1 && failed.errors.contains("ended with 7\n  no bus\n"), "\(failed)")
        let refused = try site.swpm("startup", "openrc")
        #expect(refused.code == 1 && refused.errors.contains("sudo swpm startup openrc --user"), "\(refused)")
        if !exists("/run/systemd/system"), !exists("/run/openrc") {
            let nowhere = try site.swpm("startup")
            #expect(nowhere.code == 1 && nowhere.errors.contains("neither systemd nor OpenRC"), "\(nowhere)")
        }
    }

    @Test func `OpenRC's script is one that a shell can read`() throws {
        let site = try site()
        defer { site.scratch.end() }
        var check = Command("/bin/sh", ["-n"])
        check.input = try site.must("startup", "openrc", "--print").output
        #expect(try check.run().succeeded)
        #expect(check.input.hasPrefix("#!/sbin/openrc-run\n"))
    }

    @Test func `systemd itself finds no fault with the units`() throws {
        let site = try Site(.user)
        defer { site.scratch.end() }
        let text = try site.must("startup", "systemd", "--print").output
        let machine = text.split(separator: "\n").map { line in
            line == "[Service]" ? "[Service]\nUser=root\nOOMScoreAdjust=-900" : String(line)
        }
        for (folder, unit) in [("user", text), ("system", machine.joined(separator: "\n") + "\n")] {
            let path = site.file("\(folder)/swpm.service", unit)
            var verify = Command("systemd-analyze", ["--\(folder)", "verify", path])
            verify.environment["XDG_RUNTIME_DIR"] = site.scratch.path
            let verified = try verify.run()
            #expect(verified.succeeded && !verified.errors.contains("swpm.service"), "\(verified)")
        }
    }

    /// In a mount namespace, whose /etc/systemd/system is empty and goes with it.
    @Test(.enabled(if: geteuid() == 0)) func `root sets the machine's service up for a user`() throws {
        let site = try Site(.user)
        defer { site.scratch.end() }
        let script = """
            mkdir -p /etc/systemd/system && mount -t tmpfs none /etc/systemd/system && cd /etc/systemd/system || exit 9
            swpm startup systemd --user nobody && cat swpm-nobody.service && ls multi-user.target.wants &&
                swpm unstartup systemd --user nobody && ls -R
            """
        var command = site.command("/usr/bin/unshare", ["--mount", "sh", "-c", script])
        command.user = nil
        command.environment["SUDO_USER"] = "jo"
        let finished = try command.run()
        try #require(finished.succeeded, "\(finished)")
        for part in [
            "wrote /etc/systemd/system/swpm-nobody.service\n", "\nUser=nobody\n",
            "SWPM_HOME=\(site.home)\"\n", "multi-user.target\nswpm-nobody.service\n",
            "for the programs of jo: sudo swpm startup --user jo\n",
            "removed /etc/systemd/system/swpm-nobody.service\n",
        ] {
            #expect(finished.output.contains(part), "\(part)\n\(finished)")
        }
        #expect(finished.output.hasSuffix("multi-user.target.wants:\n") || finished.output.hasSuffix(".:\n"))
    }
}

/// With systemd itself, as process 1 of a machine that is thrown away.
@Suite struct Booting {
    private static let fixtures = "\(Programs.fixtures)/boot"

    /// Needs root, and control groups that may be made.
    private static let isPossible: Bool = {
        let script = """
            for root in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
                [ -e $root/cgroup.procs ] || continue
                mkdir $root/swpm-can-$$ && rmdir $root/swpm-can-$$ || exit 1
                found=yes
            done
            [ -n "$found" ] && unshare --pid --mount --uts --ipc --cgroup --fork mount -t cgroup2 none /sys/fs/cgroup
            """
        return geteuid() == 0 && exists("/lib/systemd/systemd")
            && (try? Command("/bin/sh", ["-c", script]).run().succeeded) == true
    }()

    @Test(.enabled(if: isPossible)) func `swpm lives through two days of a machine`() throws {
        let site = try Site(.root)
        defer { site.scratch.end() }
        site.file("polite.sh", RunningAsAService.polite, mode: 0o755)
        for day in ["first", "second"] {
            var machine = site.command(
                "\(Self.fixtures)/machine", [site.scratch.path, "\(Self.fixtures)/\(day)-day"])
            machine.environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
            try machine.run(within: .seconds(130))
        }
        let log = readFile(site.scratch.path("act.log")) ?? "no log"
        for part in [
            "Type=notify\n", "StatusText=Looking after programs\n",
            "# the keeper is killed\nweb is the same process\n",
            "begin web\nend web\nweb is another process\n",
            "systemctl start swpm-root\nResult=success\nit stays down\n",
            "# second day\nbegin web\nend web\nactive\n",
            "\"status\":\"online\"\n\"restart_time\":0\n", "\"status\":\"stopped\"\n\"restart_time\":0\n",
        ] {
            #expect(log.contains(part), "\(part)\n\(log)\n\(site.daemonLog)")
        }
        #expect(!log.contains("never: "), "\(log)")
    }
}
