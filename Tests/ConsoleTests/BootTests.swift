import Supervision
import Testing

@testable import Console

@Suite struct StartingAtBoot {
    private let deploy = BootService(
        user: "deploy", isPersonal: false, program: "/usr/local/bin/swpm", home: "/home/deploy/.swpm")

    @Test func `the machine's systemd starts a user's programs`() {
        #expect(
            deploy.text(for: .systemd) == """
                # Written by `swpm startup`; `swpm unstartup` removes it.
                [Unit]
                Description=swpm: the programs of deploy
                Wants=network-online.target
                After=network-online.target remote-fs.target nss-user-lookup.target
                StartLimitIntervalSec=0

                [Service]
                Type=notify
                User=deploy
                OOMScoreAdjust=-900
                Environment="SWPM_HOME=/home/deploy/.swpm"
                ExecStart="/usr/local/bin/swpm" keeper
                KillMode=process
                TimeoutStopSec=90
                Restart=always
                RestartSec=1
                RestartPreventExitStatus=0 75
                WatchdogSec=60
                Delegate=yes
                OOMPolicy=continue
                TasksMax=infinity
                LimitNOFILE=65536:1048576

                [Install]
                WantedBy=multi-user.target

                """)
    }

    @Test func `a user's own systemd knows neither users nor the machine's targets`() {
        var service = deploy
        service.isPersonal = true
        let lines = service.text(for: .systemd).split(separator: "\n")
        #expect(service.name == "swpm")
        #expect(lines.contains("WantedBy=default.target"))
        for prefix in ["User=", "OOMScoreAdjust=", "After=", "Wants="] {
            #expect(!lines.contains { $0.hasPrefix(prefix) }, "\(prefix)")
        }
    }

    @Test func `in a unit blanks, quotes, backslashes, specifiers and control characters mean themselves`() {
        #expect(SystemdUnit.quoted("/srv/my apps/100%") == "\"/srv/my apps/100%%\"")
        #expect(SystemdUnit.quoted("a\"b\\c$d") == "\"a\\\"b\\\\c$d\"")
        #expect(SystemdUnit.quoted("x\ny\u{7f}é") == "\"x\\x0ay\\x7fé\"")
        var service = deploy
        service.home = "/srv/50 % off\nUser=root"
        #expect(
            service.text(for: .systemd).contains(
                "\nEnvironment=\"SWPM_HOME=/srv/50 %% off\\x0aUser=root\"\nExecStart="))
    }

    @Test func `a user's name is made fit for the name of a unit`() {
        var service = deploy
        #expect(service.name == "swpm-deploy")
        service.user = "CORP\\jo@x"
        #expect(service.name == "swpm-CORP\\x5cjo\\x40x")
    }

    @Test func `OpenRC's script quotes what a shell would split`() {
        var service = deploy
        service.program = "/opt/my apps/swpm"
        service.home = "/srv/it's"
        let text = service.text(for: .openrc)
        #expect(text.hasPrefix("#!/sbin/openrc-run\n\(BootService.mark)\n"))
        #expect(text.contains("\n    export SWPM_HOME='/srv/it'\\''s'\n"))
        #expect(text.contains("--user deploy --exec '/opt/my apps/swpm' -- keeper\n"))
        #expect(text.contains("--retry TERM/600\n"))
    }

    @Test func `the command line names the platform as PM2's does`() throws {
        #expect(
            try ParsedCommand(["startup", "ubuntu", "-u", "deploy"]).command
                == .startup(BootOptions(user: "deploy", platform: .systemd)))
        #expect(
            try ParsedCommand(["startup", "openrc", "--print"]).command
                == .startup(BootOptions(platform: .openrc, prints: true)))
        #expect(try ParsedCommand(["unstartup"]).command == .unstartup(BootOptions()))
        #expect(throws: UsageError.self) { try ParsedCommand(["startup", "launchd"]) }
        #expect(throws: UsageError.self) { try ParsedCommand(["unstartup", "--print"]) }
    }

    @Test func `what was set up names the command that undoes it`() {
        let lines = BootWording.ready(deploy, .systemd, isRunning: false, lingers: true)
        #expect(lines.contains("  to start it now: systemctl start swpm-deploy"))
        #expect(lines.last == "  to undo this: swpm unstartup systemd --user deploy")
        var service = deploy
        service.isPersonal = true
        let own = BootWording.ready(service, .systemd, isRunning: true, lingers: false)
        #expect(own.contains { $0.hasSuffix("loginctl enable-linger deploy") })
        #expect(!own.contains { $0.contains("systemctl") })
        #expect(own.last == "  to undo this: swpm unstartup systemd")
    }

    @Test func `save tells what runs after a boot, what stays stopped, and what is lost`() {
        func app(_ name: String, wanted: Bool) -> SavedState.App {
            let slot = SavedState.Slot(
                index: SlotIndex(0), id: SlotID(0), wanted: wanted, restarts: 0, instances: [])
            return SavedState.App(
                spec: AppSpec(name: AppName(name), script: "x", workingDirectory: "/"),
                generation: Generation(1), slots: [slot])
        }
        let state = SavedState(apps: [app("web", wanted: true), app("db", wanted: false)])
        #expect(
            SavingWording.saved(state, in: "/h/saved.json", lost: ["TOKEN"]) == [
                "after a boot these run, in this order:", "  web: 1 instance", "stopped, and stay so: db",
                "not kept across a boot: TOKEN (put them in env)",
                "the list is always kept; this copy is for `swpm resurrect`: /h/saved.json",
            ])
        #expect(SavingWording.saved(SavedState(), in: "/h", lost: [])[0] == "after a boot nothing runs")
    }
}
