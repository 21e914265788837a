internal import Linux
internal import Supervision
internal import Wire

/// The sockets on which programs say how they are (sd_notify(3)), one for each instance.
///
/// Their names are abstract: a program that runs as another user, or in another root directory, reaches its socket
/// all the same. So may anybody; what counts is who speaks, which the kernel tells. The keeper holds a copy of each,
/// so that what is said while no daemon runs waits for the next.
///
/// A class, because the loop's watches lead back to it.
final class NotifySockets {
    static let keyPrefix = "said/"
    static func key(_ instance: InstanceID) -> String { "\(keyPrefix)\(instance.number)" }
    /// So many messages of one program are heard in a turn of the loop.
    static let batch = 64

    var onWord: (InstanceID, Word) -> Void = { _, _ in }

    private let watches: Watches
    private let safe: PortsSafe
    private let home: Home
    private let tell: (String) -> Void
    private var sockets: [InstanceID: Socket] = [:]

    private final class Socket {
        let descriptor: SharedDescriptor
        var watch: Watch?
        var main: ProcessID?
        /// Of the main process, which may have ended before it is heard.
        var user: UInt32?
        var hasComplained = false

        init(_ descriptor: SharedDescriptor) { self.descriptor = descriptor }
    }

    init(watches: Watches, safe: PortsSafe, home: Home, tell: @escaping (String) -> Void) {
        self.watches = watches
        self.safe = safe
        self.home = home
        self.tell = tell
    }
}

// MARK: - Coming and going

extension NotifySockets {
    /// What `NOTIFY_SOCKET` is to say. Deposited before there is a process.
    func prepare(_ instance: InstanceID) throws(SystemError) -> String {
        let (name, descriptor) = try bind(home.notifySocket(of: instance))
        let socket = Socket(descriptor)
        sockets[instance] = socket
        safe.deposit(NotifySockets.key(instance), socket.descriptor)
        return "@\(name)"
    }

    /// The name may be taken: by a swpm of the same path in another container of this network, or a spiteful neighbour.
    private func bind(_ name: String) throws(SystemError) -> (String, SharedDescriptor) {
        do throws(SystemError) {
            return (name, SharedDescriptor(try DatagramSocket.bind(abstract: name)))
        } catch {
            guard error.code == SystemError.addressInUse else { throw error }
            let other = "\(name)/\(Clock.monotonic())"
            return (other, SharedDescriptor(try DatagramSocket.bind(abstract: other)))
        }
    }

    /// The program runs, and the supervisor has been told.
    func spawned(_ instance: InstanceID, _ process: ProcessID) {
        guard let socket = sockets[instance] else { return }
        socket.main = process
        socket.user = ProcFS.user(of: process.number)
        do throws(SystemError) {
            socket.watch = try watches.watch(socket.descriptor.number, for: .readable) { [unowned self] _ in
                hear(instance)
            }
        } catch {
            tell("\(error): what instance \(instance.number) says of itself is not heard")
        }
    }

    /// Takes up the sockets that a previous daemon had; those of nobody are closed.
    func restore(_ held: [String: SharedDescriptor], of living: (InstanceID) -> ProcessID?) {
        for (key, descriptor) in held.sorted(by: { $0.key < $1.key })
        where key.hasPrefix(NotifySockets.keyPrefix) {
            let number = UInt64(key.dropFirst(NotifySockets.keyPrefix.count))
            guard let instance = number.map({ InstanceID($0) }), let process = living(instance) else {
                safe.withdraw(key)
                continue
            }
            sockets[instance] = Socket(descriptor)
            spawned(instance, process)
        }
    }

    /// Another process of the instance is its main one now.
    func changed(_ instance: InstanceID, to process: ProcessID) {
        sockets[instance]?.main = process
        sockets[instance]?.user = ProcFS.user(of: process.number)
    }

    /// The main process has ended, or was never started. Whoever is left has nothing to say.
    func forget(_ instance: InstanceID) {
        guard let socket = sockets.removeValue(forKey: instance) else { return }
        if let watch = socket.watch { watches.remove(watch) }
        safe.withdraw(NotifySockets.key(instance))
    }
}

// MARK: - Hearing

extension NotifySockets {
    /// Takes what waits to be heard of an instance.
    func hear(_ instance: InstanceID) {
        guard let socket = sockets[instance], socket.main != nil else { return }
        do throws(SystemError) {
            for _ in 0..<NotifySockets.batch {
                guard
                    let message = try socket.descriptor.descriptor.receiveDatagram(
                        atMost: Notification.sizeLimit)
                else { return }
                take(message, socket, instance)
                // It may have been the last word.
                guard sockets[instance] === socket else { return }
            }
        } catch {
            tell("\(error) (what instance \(instance.number) says of itself)")
            forget(instance)
        }
    }

    private func take(_ message: Datagram, _ socket: Socket, _ instance: InstanceID) {
        guard let main = socket.main, isOwn(message, instance, main, socket.user) else {
            return complain(
                socket,
                "process \(message.process) (user \(message.user)) is not of instance \(instance.number), "
                    + "and may not speak for it")
        }
        guard !message.isTruncated else {
            return complain(
                socket,
                "instance \(instance.number) says more than \(Notification.sizeLimit) bytes at once; dropped")
        }
        for word in Notification.words(in: message.bytes) {
            if case .mainProcess(let process) = word {
                guard isOwn(process.number, instance, main) else {
                    complain(socket, "process \(process.number) is not of instance \(instance.number)")
                    continue
                }
            }
            onWord(instance, word)
        }
    }

    private func complain(_ socket: Socket, _ sentence: String) {
        if !socket.hasComplained { tell(sentence) }
        socket.hasComplained = true
    }

    /// The sender is of the instance. One that has ended already, or lives where we cannot see it, is believed if it
    /// was of the same user, who could do anything to the instance anyway.
    private func isOwn(
        _ message: Datagram, _ instance: InstanceID, _ main: ProcessID, _ user: UInt32?
    ) -> Bool {
        if message.process > 0, ProcFS.status(of: message.process) != nil {
            return isOwn(message.process, instance, main)
        }
        return message.process == main.number || message.user == user
    }

    private func isOwn(_ process: Int32, _ instance: InstanceID, _ main: ProcessID) -> Bool {
        var next = process
        // The way up ends, at the latest, at process 1; numbers that are reused meanwhile must not make it a circle.
        for _ in 0..<64 {
            if next == main.number { return true }
            guard next > 1, let status = ProcFS.status(of: next) else { break }
            next = status.parent
        }
        let marker = "\(ProgramEnvironment.marker)=\(home.marker(of: instance))"
        return ProcFS.environment(of: process, contains: marker)
    }
}
