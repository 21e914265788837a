import Glibc
import Linux
import Testing

/// Runs real children and reads what they say about themselves.
struct Spawning {
    static let path = "PATH=/usr/local/bin:/usr/bin:/bin"

    /// What `sh -c script` prints.
    static func output(
        of script: String, tray: SpawnTray? = nil, _ change: (inout SpawnRequest) -> Void = { _ in }
    ) throws -> String {
        var ends: [Int32] = [-1, -1]
        try #require(pipe2(&ends) == 0)
        let reading = Descriptor(owning: ends[0])
        var request = SpawnRequest(program: "/bin/sh", arguments: ["-c", script], environment: [path])
        request.descriptors = [.init(ends[1], as: 1)]
        request.tray = tray
        change(&request)
        let child = Result { try spawn(request) }
        close(ends[1])
        let process = try child.get().process
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = read(reading.number, &buffer, buffer.count), count > 0 {
            bytes += buffer.prefix(count)
        }
        var status: Int32 = 0
        #expect(waitpid(process, &status, 0) == process)
        return String(decoding: bytes, as: UTF8.self).trimmed
    }

    static func pipe2(_ ends: inout [Int32]) -> Int32 {
        let result = pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return result
    }

    static func failure(_ request: SpawnRequest) -> String {
        do {
            let child = try spawn(request)
            waitpid(child.process, nil, 0)
            return "it started"
        } catch {
            return error.description
        }
    }

    @Test func `a child has its arguments, environment, directory and descriptor`() throws {
        let text = try Spawning.output(of: "echo $0 $A; pwd; cat <&7") { request in
            request.arguments += ["zero"]
            request.environment += ["A=b c"]
            request.directory = "/usr"
            var ends: [Int32] = [-1, -1]
            _ = Spawning.pipe2(&ends)
            _ = write(ends[1], "x\n", 2)
            close(ends[1])
            request.descriptors.append(.init(ends[0], as: 7))
        }
        #expect(text == "zero b c\n/usr\nx")
    }

    @Test func `nothing but what it was given stays open`() throws {
        let leak = open("/dev/null", O_RDONLY)
        defer { close(leak) }
        #expect(
            try Spawning.output(of: "echo /proc/self/fd/*")
                == "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/3")
        #expect(try Spawning.output(of: "[ -e /proc/self/fd/\(leak) ] || echo closed") == "closed")
    }

    @Test func `sources and targets may overlap`() throws {
        let text = try Spawning.output(of: "readlink /proc/self/fd/8 /proc/self/fd/9") { request in
            let (null, zero) = (open("/dev/null", O_RDONLY), open("/dev/zero", O_RDONLY))
            _ = (dup2(null, 98), dup2(zero, 99))
            close(null)
            close(zero)
            request.descriptors += [.init(98, as: 9), .init(99, as: 8), .init(98, as: 99), .init(99, as: 98)]
        }
        close(98)
        close(99)
        #expect(text == "/dev/zero\n/dev/null")
    }

    @Test func `it leads a session and ignores no signal`() throws {
        signal(SIGPIPE, SIG_IGN)
        let text = try Spawning.output(
            of: "ps -o sid= -p $$ | tr -d ' '; echo $$; exec grep -E 'SigBlk|SigIgn' /proc/self/status")
        let lines = text.split(separator: "\n")
        #expect(lines[0] == lines[1])
        #expect(lines.dropFirst(2).allSatisfy { $0.hasSuffix("\t0000000000000000") }, "\(text)")
    }

    @Test func `limits, mask, priority and memory score are its own`() throws {
        let text = try Spawning.output(of: "ulimit -Sn; ulimit -Hn; umask; nice; cat /proc/$$/oom_score_adj")
        {
            $0.limits = [ResourceLimit(.openFiles, soft: 77, hard: 99)]
            $0.mask = 0o027
            $0.priority = 5
            $0.memoryScore = 123
        }
        #expect(text == "77\n99\n0027\n5\n123")
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `it becomes another user, and enters its directory as that user`() throws {
        let text = try Spawning.output(of: "id -u; id -g; id -G") {
            $0.identity = .init(user: 1234, group: 1235, groups: [1235, 1236])
        }
        #expect(text == "1234\n1235\n1235 1236")
        var request = SpawnRequest(program: "/bin/true")
        request.identity = .init(user: 1234, group: 1235, groups: [])
        request.directory = "/root"
        let mode = Processes.mode(of: "/root")
        if mode & 0o005 == 0 {
            #expect(Spawning.failure(request) == "cannot change directory to /root: Permission denied")
        }
    }

    @Test func `each failed step says what it was`() throws {
        var request = SpawnRequest(program: "/nowhere/program")
        #expect(Spawning.failure(request) == "cannot execute /nowhere/program: No such file or directory")
        request.program = "/etc/passwd"
        #expect(Spawning.failure(request) == "cannot execute /etc/passwd: Permission denied")
        request.program = "surely-no-such-command"
        request.environment = [Spawning.path]
        #expect(
            Spawning.failure(request) == "cannot execute surely-no-such-command: No such file or directory")
        request.program = "/bin/true"
        request.directory = "/nowhere"
        #expect(Spawning.failure(request) == "cannot change directory to /nowhere: No such file or directory")
        request.directory = nil
        request.descriptors = [.init(4000, as: 5)]
        #expect(Spawning.failure(request) == "cannot pass descriptor 4000: Bad file descriptor")
        request.descriptors = []
        request.limits = [ResourceLimit(.openFiles, soft: 9, hard: 5)]
        #expect(Spawning.failure(request) == "cannot limit open files: Invalid argument")
    }

    @Test func `a command is searched for in the PATH of its own environment`() throws {
        let directory = "/tmp/spawning-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        mkdir(directory, 0o755)
        defer {
            unlink("\(directory)/greet")
            rmdir(directory)
        }
        // Without an interpreter line: run by the shell, as a shell would. Written by a child, because a descriptor of
        // ours that is open for writing could be in some other test's child while this is executed.
        let script = "echo 'echo hello $1' > \(directory)/greet; chmod 755 \(directory)/greet"
        #expect(try Spawning.output(of: script) == "")
        let text = try Spawning.output(of: "") {
            $0.program = "greet"
            $0.arguments = ["you"]
            $0.environment = ["PATH=/nowhere:\(directory)"]
        }
        #expect(text == "hello you")
    }

    @Test func `LISTEN_PID is the number of the child`() throws {
        let text = try Spawning.output(of: "echo $LISTEN_PID $$") { $0.namesListener = true }
        let words = text.split(separator: " ")
        #expect(words.count == 2 && words[0] == words[1], "\(text)")
    }

    @Test func `its descriptor tells of its end, and reaping tells how it was`() throws {
        let child = try spawn(SpawnRequest(program: "/bin/sh", arguments: ["-c", "kill -9 $$"]))
        let process = child.process
        var ready = pollfd(fd: child.descriptor.number, events: Int16(POLLIN), revents: 0)
        #expect(poll(&ready, 1, 10_000) == 1)
        let reaped = try #require(try Processes.reap(process))
        #expect(reaped.process == process && reaped.end == .signal(SIGKILL))
        #expect(reaped.peakMemory > 100_000)
        #expect(try !Processes.signal(SIGTERM, through: child.descriptor.number))
        #expect(try Processes.reap(process) == nil)
    }

    /// A control group of our own, where the unified hierarchy is mounted and ours to change.
    private static let cgroups = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].first {
        access("\($0)/cgroup.procs", W_OK) == 0
    }

    @Test(.enabled(if: Spawning.cgroups != nil, "needs a control group to write to"))
    func `it starts in the control group it is given, also where clone3 is refused`() throws {
        let name = "spawning-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let path = "\(Spawning.cgroups!)/\(name)"
        try #require(mkdir(path, 0o755) == 0)
        defer { rmdir(path) }
        let directory = SharedDescriptor(Descriptor(owning: open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)))
        let script = "grep ^0:: /proc/self/cgroup"
        #expect(try Spawning.output(of: script) { $0.cgroup = directory.number } == "0::/\(name)")
        try confined(denying: [.cloneThree]) { () throws in
            let text = try Spawning.output(of: script) { $0.cgroup = directory.number }
            #expect(text == "0::/\(name)")
        }
    }

    @Test func `where clone3 is refused, an older call does the same`() throws {
        try confined(denying: [.cloneThree]) { () throws in
            signal(SIGPIPE, SIG_IGN)
            try #expect(Spawning.output(of: "grep SigIgn /proc/$$/status") == "SigIgn:\t0000000000000000")
            var request = SpawnRequest(program: "/bin/true")
            request.directory = "/nowhere"
            #expect(
                Spawning.failure(request) == "cannot change directory to /nowhere: No such file or directory")
        }
    }
}

/// Runs the body on a thread of its own that may not make some calls.
func confined(denying calls: [SeccompFilter.DeniedCall], _ body: @escaping @Sendable () throws -> Void) throws
{
    let result = try onThread {
        try SeccompFilter.denying(calls).confineThisThread(forbidsNewPrivileges: geteuid() != 0)
        try body()
    }
    try result.get()
}

private final class Work: @unchecked Sendable {
    let body: @Sendable () throws -> Void
    var result: Result<Void, any Error> = .success(())
    init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }
}

/// Runs the body on a new thread and waits for its end.
func onThread(_ body: @escaping @Sendable () throws -> Void) throws -> Result<Void, any Error> {
    let work = Work(body)
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { pointer in
            let work = Unmanaged<Work>.fromOpaque(pointer!).takeRetainedValue()
            work.result = Result { try work.body() }
            return nil
        }, Unmanaged.passRetained(work).toOpaque())
    try #require(code == 0)
    pthread_join(thread, nil)
    return work.result
}

extension String {
    var trimmed: String {
        var text = Substring(self)
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}

extension Processes {
    static func mode(of path: String) -> UInt32 {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode : 0o777
    }
}
