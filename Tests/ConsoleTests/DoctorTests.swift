import Testing

@testable import Console

@Suite struct Examining {
    /// A machine on which nothing is missing.
    private static func healthy() -> Symptoms {
        let found = Symptoms()
        found.isRoot = true
        found.bindsLowPorts = true
        found.user = "root"
        found.home = "/root/.swpm"
        found.homeMode = 0o700
        found.log = "/root/.swpm/daemon.log"
        found.group = "/sys/fs/cgroup/system.slice/swpm.service"
        found.groupIsWritable = true
        found.controllers = "cpu memory pids"
        found.disks = [Symptoms.Disk("/root/.swpm", available: 40 << 30, reserve: 200 << 20)]
        found.state = .readable(apps: 3)
        found.platform = .systemd
        found.unit = "/etc/systemd/system/swpm-root.service"
        found.isEnabled = true
        found.program = "/usr/local/bin/swpm"
        found.inPath = "/usr/local/bin/swpm"
        found.daemon = .up("swpm 1.0", process: 4711, isOther: false)
        return found
    }

    private static func lines(_ found: Symptoms) -> [String] {
        Doctor.report(Doctor.findings(found), palette: .plain).output
    }

    @Test func `where nothing is missing each thing is one line, and it ends with 0`() {
        let report = Doctor.report(Doctor.findings(Self.healthy()), palette: .plain)
        #expect(report.code == .done && report.errors.isEmpty)
        #expect(
            report.output.joined(separator: "\n") == """
                ok      seccomp      listeners of programs can be held
                ok      pidfd_getfd  sockets of programs can be borrowed
                ok      clone3       programs are started the fast way
                ok      ptrace_scope 0
                ok      low ports    every port can be bound
                ok      migrate_req  what waits for a listener that is closed goes to the next one
                ok      cgroup       /sys/fs/cgroup/system.slice/swpm.service, ours to divide (cpu memory pids); \
                swpm needs none
                ok      ipv6         available
                ok      open files   at most 1048576
                ok      processes    room for 32768 more
                ok      somaxconn    4096 connections can wait
                ok      clock        kept right
                ok      home         /root/.swpm, root's alone
                ok      files        all are root's
                ok      disk         40.0gb free at /root/.swpm
                ok      state        3 apps known
                ok      boot         /etc/systemd/system/swpm-root.service is enabled
                ok      PATH         swpm is /usr/local/bin/swpm
                ok      daemon       swpm 1.0, process 4711
                nothing is broken
                """)
    }

    /// An ordinary user's, on a machine on which much is.
    private static func limited() -> Symptoms {
        let found = healthy()
        found.isRoot = false
        found.user = "jo"
        found.bindsLowPorts = false
        found.filterRefusal = "cannot install the system call filter: Operation not permitted"
        found.borrowRefusal = "cannot borrow descriptor 3: Operation not permitted"
        found.cloneRefusal = "cannot call clone3: Function not implemented"
        found.traceScope = 2
        found.migrates = false
        found.group = nil
        found.hasIPv6 = false
        found.openFiles = 1024
        found.roomForProcesses = 50
        found.backlog = 128
        found.isSynchronised = false
        found.sharesHome = true
        found.homeMode = 0o710
        found.unit = "/home/jo/.config/systemd/user/swpm.service"
        found.isPersonal = true
        found.inPath = nil
        found.daemon = .up("swpm 0.9", process: 4711, isOther: true)
        found.restarts = 2
        found.lastRestart = .seconds(180)
        found.orphans = 1
        return found
    }

    @Test func `what is limited says what it costs and what to type, and ends with 0`() {
        let report = Doctor.report(Doctor.findings(Self.limited()), palette: .plain)
        #expect(report.code == .done)
        #expect(
            report.output.joined(separator: "\n") == """
                limited seccomp      cannot install the system call filter: Operation not permitted: instances cannot \
                share a port, and a reload loses connections (type: docker run --security-opt seccomp=unconfined)
                limited pidfd_getfd  cannot borrow descriptor 3: Operation not permitted: a program gets another \
                socket at bind, without the options it had set (type: docker run --cap-add SYS_PTRACE)
                limited clone3       cannot call clone3: Function not implemented: a start takes a little longer
                limited ptrace_scope 2: sockets cannot be borrowed without root \
                (type: sudo sysctl -w kernel.yama.ptrace_scope=1)
                limited low ports    ports below 1024 cannot be bound by jo \
                (type: sudo sysctl -w net.ipv4.ip_unprivileged_port_start=80)
                limited migrate_req  off: a program that closes its own listener resets what waits there \
                (type: sudo sysctl -w net.ipv4.tcp_migrate_req=1)
                ok      cgroup       no unified tree; swpm needs none
                limited ipv6         none here: programs that listen on :: fail
                limited open files   at most 1024: enough for about 128 instances \
                (type: ulimit -Hn 65536, then swpm update)
                limited processes    room for 50 more: then nothing can be started or restarted
                limited somaxconn    128 connections can wait: more at once are refused or slow \
                (type: sudo sysctl -w net.core.somaxconn=4096)
                limited clock        nobody keeps it right: times in logs differ from those of other machines \
                (type: timedatectl set-ntp true)
                ok      home         /root/.swpm, and control_group may look
                ok      files        all are jo's
                ok      disk         40.0gb free at /root/.swpm
                ok      state        3 apps known
                limited boot         jo does not linger: swpm starts at the first login \
                (type: loginctl enable-linger jo)
                limited PATH         no swpm in it: scripts and cron jobs do not find /usr/local/bin/swpm \
                (type: ln -s /usr/local/bin/swpm /usr/local/bin/)
                limited daemon       swpm 0.9, process 4711: another program than this one (type: swpm update)
                limited restarts     the daemon was restarted 2 times, the last time 3 min ago \
                (type: tail /root/.swpm/daemon.log)
                limited keeper       was killed: how 1 instance will end may not be known (type: swpm reload all)
                nothing is broken, 16 limited
                """)
    }

    @Test func `what is broken ends with 1`() {
        let found = Self.healthy()
        found.homeMode = 0o755
        found.foreignFiles = ["/root/.swpm/state.json", "/root/.swpm/lock"]
        found.disks = [Symptoms.Disk("/root/.swpm", available: 1 << 20, reserve: 200 << 20)]
        found.state = .unreadable("line 1: unexpected end")
        found.settingsFaults = ["/root/.swpm/settings.json belongs into /root/.swpm/config.json"]
        found.daemon = .mute("it does not take the request")
        found.roomForProcesses = 3
        let report = Doctor.report(Doctor.findings(found), palette: .plain)
        #expect(report.code == .failed)
        #expect(
            report.output.filter { $0.hasPrefix("broken") }.joined(separator: "\n") == """
                broken  processes    room for 3 more: then nothing can be started or restarted
                broken  home         /root/.swpm is open to others, who may read what is in it \
                (type: chmod go-rwx /root/.swpm)
                broken  files        /root/.swpm/state.json and 1 more are of another user: the daemon cannot write \
                (type: sudo chown -R root /root/.swpm)
                broken  disk         1.0mb free at /root/.swpm: logs are dropped, and no change may be saved
                broken  settings     /root/.swpm/settings.json belongs into /root/.swpm/config.json: it is not obeyed
                broken  state        state.json cannot be read (line 1: unexpected end): the next daemon would know \
                no app
                broken  daemon       does not answer (it does not take the request): programs run on, and nothing can \
                be changed (type: tail /root/.swpm/daemon.log)
                """)
        #expect(report.output.last == "7 things broken")
    }

    @Test func `nothing is broken where nothing was ever started`() {
        let found = Symptoms()
        found.home = "/root/.swpm"
        let findings = Doctor.findings(found)
        #expect(Doctor.code(findings) == .done)
        #expect(
            Self.lines(found).contains("ok      home         /root/.swpm will be made by the first start"))
    }

    @Test func `a lost state is told of with what to type`() {
        #expect(
            Wording.lostState(
                "/h/state.json.unreadable-7", age: .seconds(300), forgotten: [71, 72], isSaved: false)
                == [
                    "the saved state could not be read 5 min ago: apps that only it names are not known",
                    "  it is kept as /h/state.json.unreadable-7",
                    "  to end what runs on of them, unwatched: kill 71 72",
                    "  to bring the apps back: swpm start <file.json>",
                    "  to hear no more of it: rm /h/state.json.unreadable-7",
                ])
        #expect(
            Wording.lostState("/h/x", age: .zero, forgotten: [], isSaved: true)[2]
                == "  to bring back what `save` has kept: swpm resurrect")
    }
}
