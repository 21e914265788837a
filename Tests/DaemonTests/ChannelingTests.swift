import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Daemon

/// The daemon's end of a message channel; the test holds the program's.
@Suite struct Channeling {
    private let watches: Watches
    private let channel: Channel
    private let program: SharedDescriptor
    private final class Notes { var heard: [ChannelReader.Arrival] = [], hasEnded = false }
    private let notes = Notes()

    init() throws {
        let pair = try UnixSocket.pair(.stream)
        watches = try Watches()
        channel = Channel(InstanceID(1), SharedDescriptor(pair.first), watches)
        program = SharedDescriptor(pair.second)
        channel.hear = { [notes] in notes.heard.append($0) }
        channel.onEnd = { [notes] in notes.hasEnded = true }
        try channel.open()
    }

    private func turn(_ what: String, until condition: () throws -> Bool) throws {
        try eventually(what) {
            try watches.wait(atMost: .milliseconds(10))
            return try condition()
        }
    }

    /// The reading end of a pipe whose writing end the program sends away.
    private func passWritingEnd() throws -> SharedDescriptor {
        let pipe = try Pipe()
        _ = try program.descriptor.sendMessage(Array("1\n".utf8), descriptors: [pipe.writer.number])
        let reader = SharedDescriptor(try pipe.reader.duplicate())
        reader.descriptor.setNonBlocking()
        return reader
    }

    /// Everything the program can read now.
    private func drain() throws -> (bytes: Int, descriptors: [SharedDescriptor]) {
        var (count, descriptors) = (0, [SharedDescriptor]())
        while case .message(let message) = try program.descriptor.receiveMessage(atMost: 1 << 16) {
            count += message.bytes.count
            descriptors += message.descriptors
        }
        return (count, descriptors)
    }

    @Test func `what the program says is heard, also what it said before it hung up`() throws {
        _ = try program.descriptor.sendMessage(Array("\"a\"\n\"b".utf8))
        try turn("the first") { notes.heard == [.value(.string("a"))] }
        _ = try program.descriptor.sendMessage(Array("\"\n".utf8))
        _ = try program.descriptor.sendMessage(Array("3\n".utf8))
        channel.finish()
        #expect(notes.heard == ["a", "b"].map { .value(.string($0)) } + [.value(.integer(3))])
        #expect(channel.send(Array("1\n".utf8)) == .closed)
    }

    @Test func `descriptors that nobody asked for are closed`() throws {
        let pipe = try passWritingEnd()
        try turn("it") { !notes.heard.isEmpty }
        // Nobody holds the other end any more.
        #expect(try pipe.descriptor.read(atMost: 1) == [])
    }

    @Test func `the descriptor of a message is there while it is heard`() throws {
        let sent = try MemoryFile.sealed("x", [7])
        var got: [[UInt8]] = []
        channel.hear = { [channel] _ in
            if let file = channel.takeDescriptor() { got.append((try? file.descriptor.contents()) ?? []) }
        }
        _ = try program.descriptor.sendMessage(Array("{\"cmd\":".utf8), descriptors: [sent.number])
        try watches.wait(atMost: .milliseconds(100))
        _ = try program.descriptor.sendMessage(Array("1}\n".utf8))
        try turn("the message") { !got.isEmpty }
        #expect(got == [[7]])
    }

    @Test func `a program that does not read costs a bounded queue and nobody's time`() throws {
        let line = Array(repeating: UInt8(ascii: "x"), count: 10_000)
        let file = try MemoryFile.sealed("x", [1])
        var (sent, withFile) = (0, 0)
        while true {
            let delivery = channel.send(line, sent % 50 == 0 ? SharedDescriptor(try file.duplicate()) : nil)
            if delivery == .full { break }
            #expect(delivery == .sent || delivery == .queued)
            if sent % 50 == 0 { withFile += 1 }
            sent += 1
            #expect(sent < 1000)
        }
        #expect(sent * line.count >= Channel.queueLimit)
        var (bytes, descriptors) = (0, 0)
        try turn("everything that was accepted") {
            let some = try drain()
            bytes += some.bytes
            descriptors += some.descriptors.count
            return bytes == sent * line.count
        }
        #expect(descriptors == withFile)
        #expect(channel.send(line) == .sent)
    }

    @Test func `a message has a size it may not exceed`() {
        #expect(channel.send(Array(repeating: 1, count: Channel.messageLimit)) == .sent)
        #expect(channel.send(Array(repeating: 1, count: Channel.messageLimit + 1)) == .tooLong)
    }

    @Test func `the kernel takes a message whole or not at all`() throws {
        let line = Array(repeating: UInt8(ascii: "x"), count: Channel.messageLimit)
        var taken = 0
        while case .moved(let count) = try channel.socket.descriptor.sendMessage(line) {
            #expect(count == line.count)
            taken += 1
            #expect(taken < 1000)
        }
        #expect(taken > 1)
    }
}
