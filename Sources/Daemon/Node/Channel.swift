internal import Linux
internal import Supervision
internal import Wire

/// The daemon's end of one Node program's message channel: lines of JSON both ways, and descriptors with them.
///
/// Nothing here waits. What a program does not read stands in a bounded queue, and what does not fit there is not
/// sent. A class, because the loop's watch leads back to it.
final class Channel {
    /// A program that is stopped, or busy, may leave so many bytes unread beside what the kernel holds.
    static let queueLimit = 1 << 20
    /// The kernel takes a message of this size whole or not at all: a daemon that dies leaves no half of one.
    static let messageLimit = 32 << 10
    /// Of descriptors that came and that no message has named yet.
    static let strayLimit = 16
    private static let readSize = 64 << 10
    /// How often what a dead program left is read; a helper of it could write for ever.
    private static let farewellReads = 64

    /// What became of a message.
    enum Delivery: Equatable {
        case sent, queued
        /// It would never fit.
        case tooLong
        /// The program has not read for long.
        case full
        /// The program has hung up.
        case closed
    }

    let instance: InstanceID
    let socket: SharedDescriptor
    /// Every value that arrives; with descriptors where the program sent some.
    var hear: (ChannelReader.Arrival) -> Void = { _ in }
    var onEnd: () -> Void = {}
    private let watches: Watches
    private var watch: Watch?
    private var reader = ChannelReader()
    private var waiting: [Message] = []
    private var waitingBytes = 0
    private var strays: [SharedDescriptor] = []

    private struct Message {
        var bytes: [UInt8]
        var descriptor: SharedDescriptor?
    }

    init(_ instance: InstanceID, _ socket: SharedDescriptor, _ watches: Watches) {
        self.instance = instance
        self.socket = socket
        self.watches = watches
    }

    var isOpen: Bool { watch != nil }
    private(set) var wasOpen = false

    func open() throws(SystemError) {
        watch = try watches.watch(socket.number, for: .readable) { [unowned self] in stirred($0) }
        wasOpen = true
    }

    /// Must be called before it goes.
    func close() {
        guard let watch else { return }
        watches.remove(watch)
        self.watch = nil
        waiting = []
        waitingBytes = 0
        strays = []
    }

    private func stirred(_ what: Poller.Interest) {
        if what.contains(.writable) { flush() }
        if isOpen, !what.isDisjoint(with: [.readable, .hungUp, .failed]) { _ = read() }
    }

    private func end() {
        close()
        onEnd()
    }
}

// MARK: - Hearing

extension Channel {
    /// Takes what a program that has ended left behind.
    func finish() {
        for _ in 0..<Channel.farewellReads where isOpen {
            guard read() else { break }
        }
        close()
    }

    /// False: there is nothing more now, or there never will be.
    private func read() -> Bool {
        // What the kernel refuses to give is lost like what was never sent.
        guard let reception = try? socket.descriptor.receiveMessage(atMost: Channel.readSize, peeking: true)
        else {
            end()
            return false
        }
        switch reception {
        case .wouldBlock: return false
        case .ended:
            end()
            return false
        case .message(let message):
            strays += message.descriptors
            for arrival in reader.feed(message.bytes) where isOpen { hear(arrival) }
            // A descriptor belongs to a line that is complete, or to the one under way.
            if !reader.isAmidLine || strays.count > Channel.strayLimit { strays = [] }
            guard isOpen else { return false }
            // Only now: what a daemon heard and did not answer, because it was killed, the next one hears again.
            guard (try? socket.descriptor.discard(message.bytes.count)) != nil else {
                end()
                return false
            }
            return true
        }
    }

    /// The descriptor that came with the message that is being heard.
    func takeDescriptor() -> SharedDescriptor? {
        strays.isEmpty ? nil : strays.removeFirst()
    }
}

// MARK: - Saying

extension Channel {
    /// Sends one line, with its end, and at most one descriptor; in order.
    func send(_ line: [UInt8], _ descriptor: SharedDescriptor? = nil) -> Delivery {
        guard isOpen else { return .closed }
        guard line.count <= Channel.messageLimit else { return .tooLong }
        guard waitingBytes + line.count <= Channel.queueLimit else { return .full }
        waiting.append(Message(bytes: line, descriptor: descriptor))
        waitingBytes += line.count
        flush()
        return !isOpen ? .closed : waiting.isEmpty ? .sent : .queued
    }

    private func flush() {
        var done = 0
        while done < waiting.count {
            guard let transfer = transmit(waiting[done]) else { return end() }
            guard case .moved(let count) = transfer else { break }
            waitingBytes -= count
            if count < waiting[done].bytes.count {
                // The descriptor went with the first byte.
                waiting[done] = Message(bytes: Array(waiting[done].bytes.dropFirst(count)), descriptor: nil)
                break
            }
            done += 1
        }
        waiting.removeFirst(done)
        if let watch { watches.change(watch, for: waiting.isEmpty ? .readable : [.readable, .writable]) }
    }

    /// Nil: nobody will read it.
    private func transmit(_ message: Message) -> Transfer? {
        let descriptors = message.descriptor.map { [$0.number] } ?? []
        guard let transfer = try? socket.descriptor.sendMessage(message.bytes, descriptors: descriptors)
        else { return nil }
        return transfer == .ended ? nil : transfer
    }
}
