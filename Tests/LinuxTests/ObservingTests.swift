import Support
import Testing

@testable import Linux

@Suite struct Observing {
    @Test func `this process is described as it describes itself`() throws {
        let status = try #require(ProcFS.status(of: ThisProcess.identifier))
        #expect(status.parent == ThisProcess.parent)
        #expect(status.memory > 1_000_000)
        #expect(status.threads >= 1)
        #expect(!status.isZombie)
        let sampled = ProcessSampler(process: ThisProcess.identifier)?.sample()
        #expect(sampled?.startTime == status.startTime)
        #expect(ProcFS.user(of: ThisProcess.identifier) == ThisProcess.user)
        #expect(ProcFS.children(of: ThisProcess.parent).contains(ThisProcess.identifier))
        #expect(ProcFS.arguments(of: ThisProcess.identifier).isEmpty == false)
    }

    @Test func `an environment contains whole entries only`() throws {
        let process = ThisProcess.identifier
        let entry = try #require(ProcFS.environment(of: process).first { $0.utf8.count > 5 })
        #expect(ProcFS.environment(of: process, contains: entry))
        #expect(!ProcFS.environment(of: process, contains: String(entry.dropLast())))
        #expect(!ProcFS.environment(of: process, contains: String(entry.dropFirst())))
    }

    @Test func `the sockets of a process are found with their inodes`() throws {
        let pair = try UnixSocket.pair(.stream)
        let inode = try pair.first.status().inode
        let sockets = ProcFS.sockets(of: ThisProcess.identifier)
        #expect(sockets.contains { $0.descriptor == pair.first.number && $0.inode == inode })
    }

    @Test func `nobody is nowhere`() {
        #expect(ProcFS.status(of: 0x3fff_ffff) == nil)
        #expect(ProcFS.environment(of: 0x3fff_ffff).isEmpty)
        #expect(ProcFS.children(of: 0x3fff_ffff).isEmpty)
    }

    @Test func `kills for lack of memory are counted in the files of both versions of control groups`() {
        Scratch.with { scratch in
            let new = scratch.file(
                "memory.events", "low 0\nhigh 4\nmax 9\noom 2\noom_kill 3\noom_group_kill 0\n")
            let old = scratch.file("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 12\n")
            #expect(MemoryKills.count(new) == 3 && MemoryKills.count(old) == 12)
            #expect(
                MemoryKills.count(scratch.file("before-4.13", "oom_kill_disable 0\nunder_oom 0\n")) == nil)
            #expect(MemoryKills.count(scratch.path("none")) == nil)
        }
    }

    @Test(arguments: [
        "3,430,12537594739,-;Memory cgroup out of memory: Killed process 8611 (python3) total-vm:58704kB",
        "3,431,12537594740,-;Out of memory: Killed process 8611 (node) total-vm:1kB, UID:0",
    ])
    func `the kernel's log names whom it killed`(_ record: String) {
        #expect(MemoryKills.says(record, 8611))
        #expect(!MemoryKills.says(record, 861) && !MemoryKills.says(record, 58704))
        #expect(!MemoryKills.says("6,1,2,-;process 8611 (node) started", 8611))
    }
}

@Suite struct HavingCapabilities {
    /// In a container that may be forbidden.
    private static let mayUnshare =
        (try? Command("unshare", ["--user", "--map-root-user", "true"]).run().succeeded) ?? false

    @Test func `what this process has it has in effect`() {
        for capability in [Capability.bindLowPorts, .changeUser] {
            #expect(Processes.has(capability, process: ThisProcess.identifier) == capability.isHeld)
        }
        #expect(!Processes.has(.bindLowPorts, process: 0x3fff_ffff))
    }

    @Test(.enabled(if: mayUnshare)) func `what a process has in a user namespace of its own does not count`()
        throws
    {
        let script = "grep CapEff /proc/self/status && sleep 60"
        let root = try Command("unshare", ["--user", "--map-root-user", "sh", "-c", script]).start()
        defer { root.send(Signals.kill) }
        try eventually("it says what it has") { !root.outputSoFar.isEmpty }
        let bits = root.outputSoFar.split(whereSeparator: \.isWhitespace).last.flatMap {
            UInt64($0, radix: 16)
        }
        #expect((bits ?? 0) & 1 << 10 != 0, "it has the right to low ports, there")
        #expect(!Processes.has(.bindLowPorts, process: root.process))
    }
}
