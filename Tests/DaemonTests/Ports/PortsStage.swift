import Glibc
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// The ports alone, with real programs: this process is the loop, and the keeper too, as its programs' parent.
final class PortsStage {
    let watches: Watches
    private(set) var ports: Ports
    private(set) var facts: [Event] = []
    private(set) var sentences: [String] = []
    let port = freePort()
    /// What the keeper would hold.
    private(set) var safe: [String: SharedDescriptor] = [:]
    private var pending: [() -> Void] = []
    private var children: [InstanceID: (process: Int32, handle: SharedDescriptor)] = [:]
    private var next: UInt64 = 1
    private let wiring: Wiring
    /// Whether the keeper may look into programs.
    var lends = true

    /// What the ports ask is done by whoever owns them now.
    private final class Wiring {
        weak var stage: PortsStage?
    }

    init(_ change: (inout PortsAbilities) -> Void = { _ in }) throws {
        watches = try Watches()
        var abilities = PortsAbilities.find()
        change(&abilities)
        let wiring = Wiring()
        self.wiring = wiring
        let access = PortsSafe(
            deposit: { key, descriptor in
                wiring.stage?.safe[key] = SharedDescriptor(
                    Descriptor(owning: fcntl(descriptor.number, F_DUPFD_CLOEXEC, 3)))
            },
            withdraw: { wiring.stage?.safe[$0] = nil },
            borrow: { order, then in
                let lends = wiring.stage?.lends ?? true
                wiring.stage?.pending.append { then(lends ? PortsStage.fetch(order) : .refused(order)) }
            })
        // The first deposits come before there is a stage to keep them: they are the ports' own memory.
        let memory = try PortsMemory(found: [:], safe: access)
        ports = try Ports(
            watches: watches, safe: access, abilities: abilities, memory: memory, tell: { _ in })
        safe = [InFlight.key: memory.calls, PortsJournal.key: memory.journal]
        wiring.stage = self
        connect()
    }

    deinit {
        for child in children.values {
            kill(-child.process, SIGKILL)
            kill(child.process, SIGKILL)
            waitpid(child.process, nil, 0)
        }
    }

    private func connect() {
        ports.report = { [weak self] in self?.facts.append($0) }
        ports.tell = { [weak self] in self?.sentences.append($0) }
    }

    private static func fetch(_ order: BorrowOrder) -> Borrowed {
        let bytes = try? Processes.memory(of: order.thread, at: order.address, count: order.count)
        let process = Processes.owner(ofThread: order.thread)
        return Borrowed(
            process: process,
            descriptor: Result { () throws(SystemError) in
                let handle = try Processes.open(process ?? -1)
                return SharedDescriptor(try Processes.borrow(order.descriptor, through: handle.number))
            }, bytes: order.count > 0 ? bytes ?? [] : [])
    }
}

extension Borrowed {
    fileprivate static func refused(_ order: BorrowOrder) -> Borrowed {
        Borrowed(
            process: Processes.owner(ofThread: order.thread),
            descriptor: .failure(SystemError("borrow a descriptor", code: EPERM)), bytes: [])
    }
}

// MARK: - Programs

extension PortsStage {
    /// A server that tells everybody its name.
    func server(_ host: String = "127.0.0.1", _ extra: String = "") -> String {
        let family = host.contains(":") ? "AF_INET6" : "AF_INET"
        return """
            import socket, os, sys, time, signal
            s = socket.socket(socket.\(family)); \(extra)
            s.bind(('\(host)', \(port))); s.listen(5)
            while True:
                c, _ = s.accept(); c.sendall(os.environ['NAME'].encode()); c.close()
            """
    }

    func spec(_ app: String = "web", _ change: (inout AppSpec) -> Void = { _ in }) -> AppSpec {
        var spec = AppSpec(name: AppName(app), script: "python3", workingDirectory: "/")
        spec.instances = 2
        change(&spec)
        return spec
    }

    /// Starts a program as the daemon would, and returns before it listens.
    @discardableResult
    func start(
        _ script: String, _ spec: AppSpec? = nil, heirOf heir: InstanceID? = nil,
        _ change: (inout SpawnRequest) -> Void = { _ in }
    ) throws -> InstanceID {
        let instance = InstanceID(next)
        next += 1
        let launch = Launch(
            spec: spec ?? self.spec(), slot: SlotIndex(0), id: SlotID(0), generation: Generation(1),
            heirOf: heir)
        let provision = try ports.prepare(instance, launch)
        var request = SpawnRequest(
            program: "python3", arguments: ["-c", script],
            environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "NAME=\(instance.number)"])
        provision.complete(&request)
        change(&request)
        let child = try spawn(request)
        let process = child.process
        children[instance] = (process, SharedDescriptor(child.release()))
        ports.spawned(instance, ProcessID(process))
        return instance
    }

    func process(_ instance: InstanceID) -> Int32 { children[instance]!.process }

    /// Starts a server and waits until it listens.
    func serve(
        _ script: String? = nil, _ spec: AppSpec? = nil, heirOf heir: InstanceID? = nil,
        _ change: (inout SpawnRequest) -> Void = { _ in }
    ) throws -> InstanceID {
        let instance = try start(script ?? server(), spec, heirOf: heir, change)
        try until("\(instance) listens") {
            self.facts.contains { if case .listened(instance, _) = $0 { true } else { false } }
        }
        return instance
    }

    /// Returns when it does nothing any more.
    func freeze(_ instance: InstanceID) throws {
        kill(process(instance), SIGSTOP)
        try eventually("it is stopped") { factsAbout(self.process(instance))?.state == "T" }
    }

    /// SIGKILL, and what the daemon does when it hears of it.
    func crash(_ instance: InstanceID) throws {
        kill(process(instance), SIGKILL)
        waitpid(process(instance), nil, 0)
        children[instance] = nil
        ports.exited(instance)
    }

    func exitCode(_ instance: InstanceID) throws -> Int32 {
        var status: Int32 = 0
        try until("\(instance) exits") { waitpid(self.process(instance), &status, WNOHANG) != 0 }
        children[instance] = nil
        ports.exited(instance)
        return status & 0x7f == 0 ? (status >> 8) & 0xff : -(status & 0x7f)
    }
}

// MARK: - The loop

extension PortsStage {
    func step() throws {
        let work = pending
        pending = []
        for piece in work { piece() }
        let limit =
            pending.isEmpty ? ports.nextDeadline.map { max(.zero, $0 - .now) } ?? .milliseconds(20) : .zero
        try watches.wait(atMost: min(limit, .milliseconds(20)))
        ports.deadlinePassed(at: .now)
    }

    func until(
        _ what: String, within limit: Duration = .seconds(10), _ condition: @escaping () throws -> Bool
    ) throws {
        let end = ContinuousClock.now.advanced(by: limit)
        while try !condition() {
            guard ContinuousClock.now < end else {
                throw SystemError("see that \(what) in time: \(facts) \(sentences)", code: ETIMEDOUT)
            }
            try step()
        }
    }

    /// Returns when the kernel obeys.
    func steer(to instances: [InstanceID]) throws {
        ports.steer(AppName("web"), to: .even(instances))
        try until("it is told to the kernel") { self.ports.joined.isEmpty }
    }

    func heard(_ fact: Event) -> Bool { facts.contains(fact) }

    func address(_ host: String = "127.0.0.1") -> ListenAddress { ListenAddress(host: host, port: port) }

    /// The daemon dies and another one comes up.
    func restart(_ running: [InstanceID: AppSpec], dead: [InstanceID: AppSpec] = [:]) throws {
        pending = []
        for trap in ports.traps.values { trap.isOpen = false }
        for watch in ports.traps.values.compactMap(\.watch) + ports.listeners.values.compactMap(\.watch) {
            watches.remove(watch)
        }
        let old = ports
        ports = try Ports(
            watches: watches, safe: old.safe, abilities: old.abilities,
            memory: PortsMemory(found: safe, safe: old.safe), tell: { _ in })
        connect()
        ports.restore(
            running.map {
                RestoredTenant(
                    instance: $0, slot: SlotIndex(0), process: ProcessID(process($0)), spec: $1,
                    generation: Generation(1))
            }
                + dead.map {
                    RestoredTenant(
                        instance: $0, slot: SlotIndex(0), spec: $1, generation: Generation(1), hasEnded: true)
                },
            found: safe)
    }
}

// MARK: - Clients

extension PortsStage {
    /// A connection that was made, whether or not it was accepted.
    func connect(
        _ host: String = "127.0.0.1", from source: [UInt8]? = nil, to other: UInt16? = nil
    ) throws -> SharedDescriptor {
        let address = try #require(SocketAddress(text: host, port: other ?? port))
        let client = SharedDescriptor(try TCPSocket.open(address.family))
        if let source { try TCPSocket(client.number).bind(SocketAddress(.v4, host: source, port: 0)) }
        let raw = address.raw
        let result = raw.withUnsafeBytes { bytes in
            Glibc.connect(
                client.number, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
        try #require(result == 0, "cannot connect: errno \(errno)")
        return client
    }

    /// Who answers; "" if the connection is closed without an answer.
    func answer(_ client: SharedDescriptor) throws -> String {
        var buffer = [UInt8](repeating: 0, count: 64)
        var count = -1
        try until("an answer") {
            count = recv(client.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            return count >= 0 || errno != EAGAIN
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    /// Whether somebody listens, held or not.
    var isListening: Bool {
        let found = try? SocketDiagnostics().listeners(onPort: port)
        return found?.isEmpty == false
    }

    /// How often each instance answered.
    func census(_ count: Int, _ host: String = "127.0.0.1") throws -> [String: Int] {
        var met: [String: Int] = [:]
        for _ in 0..<count { met[try answer(connect(host)), default: 0] += 1 }
        return met
    }
}
