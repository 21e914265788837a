internal import Linux
internal import Supervision
internal import Wire

/// The message channels of all Node programs.
///
/// A Node program is given one end of a socket, as `child_process.fork` would give it; the keeper holds a copy of
/// the other, so that the program never sees a daemon end, and the next daemon takes the conversation up.
///
/// A class, because the loop's watches lead back to it.
final class Channels {
    static let keyPrefix = "channel/"
    static func key(_ instance: InstanceID) -> String { "\(keyPrefix)\(instance.number)" }
    /// Says of a channel that it was given to a wrapper.
    static let wrappedPrefix = "wrapped/"
    static func wrappedKey(_ instance: InstanceID) -> String { "\(wrappedPrefix)\(instance.number)" }

    /// What a program said itself.
    var onMessage: (InstanceID, JSON) -> Void = { _, _ in }
    /// What Node's cluster module in a program said; nothing follows its `onEnd`.
    var onCluster: (InstanceID, ClusterMessage) -> Void = { _, _ in }
    var onPreload: (InstanceID, PreloadMessage) -> Void = { _, _ in }
    /// A program with a channel runs; it may run since before this daemon.
    var onOpen: (InstanceID, _ isOld: Bool) -> Void = { _, _ in }
    /// Nothing will be heard of it any more, and nothing can be said to it.
    var onEnd: (InstanceID) -> Void = { _ in }
    /// What else is to stand in the environment of a Node program.
    var variables: (InstanceID, Launch) -> [String: String] = { _, _ in [:] }

    private let watches: Watches
    private let keeper: KeeperLink
    private let tell: (String) -> Void
    private var channels: [InstanceID: Channel] = [:]
    /// Instances that are wrappers, and those of them below which nobody has taken the channel: what is said there is
    /// heard by nobody.
    private var wrapped: Set<InstanceID> = []
    private var untaken: Set<InstanceID> = []
    /// Instances of which it was said already that something was dropped.
    private var complained: Set<InstanceID> = []

    init(watches: Watches, keeper: KeeperLink, tell: @escaping (String) -> Void) {
        self.watches = watches
        self.keeper = keeper
        self.tell = tell
    }

    /// Whether it is a process below the instance's own that has the channel.
    func isWrapped(_ instance: InstanceID) -> Bool { wrapped.contains(instance) }

    /// Asks a program that runs since before this daemon whether it has a preload: whoever takes a wrapper's channel
    /// later may answer, too.
    func greet(_ instance: InstanceID) { _ = channels[instance]?.send(PreloadOrder.hello.line) }

    @discardableResult
    func send(_ line: [UInt8], _ descriptor: SharedDescriptor? = nil, to instance: InstanceID)
        -> Channel.Delivery
    {
        guard let channel = channels[instance], !untaken.contains(instance) else { return .closed }
        let delivery = channel.send(line, descriptor)
        switch delivery {
        case .sent, .queued, .closed: break
        case .full: complain(instance, "it does not read its messages; new ones are dropped")
        case .tooLong: complain(instance, "a message for it is too long; it is dropped")
        }
        return delivery
    }

    private func complain(_ instance: InstanceID, _ what: String) {
        if complained.insert(instance).inserted { tell("instance \(instance.number): \(what)") }
    }
}

// MARK: - Coming and going

extension Channels {
    /// What a Node program needs; nil for what cannot be one. Deposited before there is a process.
    func prepare(_ instance: InstanceID, _ launch: Launch) throws(SystemError) -> ChannelProvision? {
        guard launch.spec.mayReachNode else { return nil }
        let pair = try UnixSocket.pair(.stream)
        let ours = SharedDescriptor(pair.first)
        channels[instance] = Channel(instance, ours, watches)
        keeper.deposit(key: Channels.key(instance), ours)
        return try ChannelProvision(
            socket: SharedDescriptor(pair.second), keepsake: ours, variables: variables(instance, launch))
    }

    /// The program runs, and has its end of the channel or not.
    func spawned(_ instance: InstanceID, as node: NodeRole?) {
        guard let channel = channels[instance] else { return }
        guard let node else { return forget(instance) }
        if node == .wrapper {
            wrapped.insert(instance)
            untaken.insert(instance)
            keeper.deposit(key: Channels.wrappedKey(instance), channel.socket)
        }
        open(channel, isOld: false)
    }

    /// Nothing was started.
    func failed(_ instance: InstanceID) { forget(instance) }

    /// The program has ended: what it said last is still heard.
    func ended(_ instance: InstanceID) {
        channels[instance]?.finish()
        forget(instance)
    }

    /// Takes up the channels that a previous daemon had; those of nobody are closed.
    func restore(_ held: [String: SharedDescriptor], of living: (InstanceID) -> Bool) {
        for key in held.keys where key.hasPrefix(Channels.wrappedPrefix) {
            let number = UInt64(key.dropFirst(Channels.wrappedPrefix.count))
            if !(number.map { living(InstanceID($0)) } ?? false) { keeper.withdraw(key: key) }
        }
        for (key, socket) in held.sorted(by: { $0.key < $1.key }) where key.hasPrefix(Channels.keyPrefix) {
            let number = UInt64(key.dropFirst(Channels.keyPrefix.count))
            guard let instance = number.map({ InstanceID($0) }), living(instance) else {
                keeper.withdraw(key: key)
                continue
            }
            let channel = Channel(instance, socket, watches)
            channels[instance] = channel
            if held[Channels.wrappedKey(instance)] != nil {
                wrapped.insert(instance)
                // Who has it will answer.
                untaken.insert(instance)
            }
            open(channel, isOld: true)
        }
    }

    private func open(_ channel: Channel, isOld: Bool) {
        let instance = channel.instance
        channel.hear = { [unowned self] in hear($0, channel) }
        channel.onEnd = { [unowned self] in forget(instance) }
        do throws(SystemError) {
            try channel.open()
            onOpen(instance, isOld)
        } catch {
            tell("\(error): instance \(instance.number) cannot send messages")
            forget(instance)
        }
    }

    private func forget(_ instance: InstanceID) {
        guard let channel = channels.removeValue(forKey: instance) else { return }
        channel.close()
        channel.hear = { _ in }
        channel.onEnd = {}
        complained.remove(instance)
        untaken.remove(instance)
        keeper.withdraw(key: Channels.key(instance))
        if wrapped.remove(instance) != nil { keeper.withdraw(key: Channels.wrappedKey(instance)) }
        if channel.wasOpen { onEnd(instance) }
    }
}

// MARK: - Hearing

extension Channels {
    private func hear(_ arrival: ChannelReader.Arrival, _ channel: Channel) {
        let instance = channel.instance
        untaken.remove(instance)
        switch arrival {
        case .tooLong:
            complain(instance, "a message of it is longer than \(ChannelReader.lineLimit) bytes; dropped")
        case .unreadable: complain(instance, "a message of it cannot be read; dropped")
        case .value(let json):
            switch ChannelMessage(json) {
            case .own(let message): onMessage(instance, message)
            case .cluster(let message): onCluster(instance, message)
            case .preload(let message):
                if message == .gone, wrapped.contains(instance) { untaken.insert(instance) }
                onPreload(instance, message)
            case .ignored: break
            case .withDescriptor(let message):
                // It is closed by not being kept. Until this is confirmed the program would send nothing more.
                _ = channel.takeDescriptor()
                send(ClusterOrder.handleArrived.line(sequence: 0), to: instance)
                onMessage(instance, message)
            }
        }
    }
}
