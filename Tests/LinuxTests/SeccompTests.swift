import Glibc
import Testing

@testable import Linux

/// Real programs whose bind and listen wait for this process.
struct FilteringCalls {
    /// A child under the filter, and its listener.
    final class Watched {
        let process: Int32
        let handle: SharedDescriptor
        let listener: SharedDescriptor
        var seccomp: SeccompListener { SeccompListener(listener.number) }

        init(_ program: String, _ arguments: [String], identity: SpawnRequest.Identity? = nil) throws {
            let pair = try UnixSocket.pair(.packets, nonBlocking: false)
            var request = SpawnRequest(program: program, arguments: arguments, environment: [Spawning.path])
            request.filters = [.bindAndListen]
            request.filterChannel = pair.second.number
            request.identity = identity
            request.forbidsNewPrivileges = geteuid() != 0
            let child = try spawn(request)
            process = child.process
            handle = SharedDescriptor(child.release())
            guard case .message(let message) = try pair.first.receiveMessage(atMost: 16) else {
                throw SystemError("receive the listener", code: EIO)
            }
            listener = try #require(message.descriptors.first)
        }

        deinit {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }

        func next() throws -> SeccompListener.Notification {
            let bytes = UnsafeMutableRawBufferPointer.allocate(
                byteCount: SeccompListener.notificationSize, alignment: 8)
            defer { bytes.deallocate() }
            var ready = pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0)
            try #require(poll(&ready, 1, 10_000) == 1)
            let notification = try #require(try seccomp.receive(into: bytes))
            #expect(SeccompListener.Notification(UnsafeRawBufferPointer(bytes)) == notification)
            return notification
        }

        func exitCode() throws -> Int32 {
            var ready = pollfd(fd: handle.number, events: Int16(POLLIN), revents: 0)
            try #require(poll(&ready, 1, 10_000) == 1)
            guard case .code(let code)? = try Processes.reap(process)?.end else { return -1 }
            return code
        }
    }

    static func python(_ script: String) -> [String] { ["-c", "import socket, os, sys\n" + script] }

    @Test func `bind and listen wait, and are answered`() throws {
        let child = try Watched(
            "python3",
            FilteringCalls.python(
                "s = socket.socket(); s.bind(('127.0.0.1', 4711)); s.listen(7); os._exit(9)"))
        let bind = try child.next()
        #expect(bind.call == .bind && bind.arguments[2] == 16)
        let bytes = try Processes.memory(of: bind.thread, at: bind.arguments[1], count: 16)
        #expect(Processes.owner(ofThread: bind.thread) == child.process && child.seccomp.isValid(bind.id))
        #expect(SocketAddress(raw: bytes)?.description == "127.0.0.1:4711")
        let copy = try Processes.borrow(Int32(bind.arguments[0]), through: child.handle.number)
        #expect(TCPSocket(copy.number).isTCP && TCPSocket(copy.number).family == .v4)
        #expect(try child.seccomp.respond(bind.id))
        #expect(!child.seccomp.isValid(bind.id))
        #expect(try !child.seccomp.respond(bind.id))
        let listen = try child.next()
        #expect(listen.call == .listen && listen.arguments[1] == 7)
        try child.seccomp.respond(listen.id)
        #expect(try child.exitCode() == 9)
    }

    @Test func `an answer can be an error`() throws {
        let script = """
            try: socket.socket().bind(('127.0.0.1', 4711))
            except OSError as e: os._exit(e.errno)
            """
        let child = try Watched("python3", FilteringCalls.python(script))
        try child.seccomp.respond(child.next().id, error: EADDRINUSE)
        #expect(try child.exitCode() == EADDRINUSE)
    }

    @Test func `the kernel can carry it out, and only internet addresses are asked about`() throws {
        let script = """
            u = socket.socket(socket.AF_UNIX); n = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW); n.bind((0, 0))
            s = socket.socket(socket.AF_INET6); s.bind(('::1', 0)); os._exit(3 if s.getsockname()[1] > 0 else 4)
            """
        let child = try Watched("sh", ["-c", "python3 -c \"$0\"; exit $?", FilteringCalls.python(script)[1]])
        let bind = try child.next()
        #expect(bind.arguments[2] == 28 && bind.thread != child.process)
        try child.seccomp.proceed(bind.id)
        #expect(try child.exitCode() == 3)
    }

    @Test func `a descriptor can be replaced by one of ours`() throws {
        let ours = try Steering.Group(1)
        let script = """
            s = socket.socket(); s.bind(('127.0.0.1', 4711)); os._exit(5 if s.getsockname()[1] == \(ours.address.port) else 6)
            """
        let child = try Watched("python3", FilteringCalls.python(script))
        let bind = try child.next()
        let number = Int32(bind.arguments[0])
        let theirs = ForeignDescriptor(process: child.process, number: number)
        #expect(theirs.family == .v4 && theirs.isClosedByExec && !theirs.isNonBlocking && !theirs.isPolled)
        #expect(try child.seccomp.inject(bind.id, ours.listeners[0].number, at: number, closeOnExec: true))
        #expect(theirs.inode == TCPSocket(ours.listeners[0].number).identity.inode)
        #expect(theirs.isNonBlocking)
        try child.seccomp.respond(bind.id)
        #expect(try child.exitCode() == 5)
    }

    @Test func `a socket in an epoll set is known to be`() throws {
        let script = """
            import select
            s = socket.socket(); e = select.epoll(); e.register(s); s.bind(('127.0.0.1', 4711)); os._exit(0)
            """
        let child = try Watched("python3", FilteringCalls.python(script))
        let bind = try child.next()
        #expect(ForeignDescriptor(process: child.process, number: Int32(bind.arguments[0])).isPolled)
        try child.seccomp.respond(bind.id)
        #expect(try child.exitCode() == 0)
    }

    @Test func `the listener hangs up when the last process is gone`() throws {
        let child = try Watched("sh", ["-c", "(sleep 0.2; exit) & exit 1"])
        #expect(try child.exitCode() == 1)
        var ready = pollfd(fd: child.listener.number, events: 0, revents: 0)
        #expect(poll(&ready, 1, 10_000) == 1 && Int32(ready.revents) & POLLHUP != 0)
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `it works for another user without giving up new privileges`() throws {
        let script =
            "import re; s = socket.socket(); s.bind(('127.0.0.1', 4711)); t = open('/proc/self/status').read(); os._exit(7 if 'NoNewPrivs:\\t0' in t else 8)"
        let child = try Watched(
            "python3", FilteringCalls.python(script), identity: .init(user: 1234, group: 1234, groups: []))
        try child.seccomp.respond(child.next().id)
        #expect(try child.exitCode() == 7)
    }

    @Test func `whether a filter can be installed is known without starting anything`() throws {
        let privileged = geteuid() == 0
        #expect(refusal(of: [.bindAndListen], forbidsNewPrivileges: !privileged) == nil)
        try confined(denying: [.newListener]) { () throws in
            let refused = refusal(of: [.bindAndListen], forbidsNewPrivileges: !privileged)
            #expect(refused?.description == "cannot install the system call filter: Operation not permitted")
            #expect(try Spawning.output(of: "echo still") == "still")
        }
    }

    @Test func `a denied borrowing says so`() throws {
        try confined(denying: [.borrowDescriptor]) { () throws in
            let handle = try Processes.open(getpid())
            #expect(throws: SystemError("borrow descriptor 0", code: EPERM)) {
                _ = try Processes.borrow(0, through: handle.number)
            }
        }
    }
}
