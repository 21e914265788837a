import Glibc
import Linux
import Testing

@Suite struct Connecting {
    @Test func `a socket left behind is replaced, one that is alive is not`() throws {
        try withDirectory { directory in
            let path = directory + "/socket"
            _ = try UnixSocket.listen(path)
            let listener = try UnixSocket.listen(path)
            #expect(try File.status(path)?.mode == 0o600)
            let client = try UnixSocket.connect(path)
            let server = try #require(try take(listener))
            #expect(try server.descriptor.peerCredentials().process == ThisProcess.identifier)
            #expect(try client.write([1, 2, 3]) == .moved(3))
            #expect(try server.descriptor.read(atMost: 10) == [1, 2, 3])
            #expect(try server.descriptor.read(atMost: 10) == nil)
            _ = consume client
            #expect(try server.descriptor.read(atMost: 10) == [])
            #expect(try take(listener) === nil)
            #expect { _ = try UnixSocket.listen(path) } throws: { "\($0)".contains("Address already in use") }
        }
    }

    @Test func `what is no socket is neither replaced nor removed, nor is another user's`() throws {
        try withDirectory { directory in
            let (file, link, path) = (directory + "/file", directory + "/link", directory + "/socket")
            try File.append([1], to: file)
            try #require(symlink(file, link) == 0)
            for other in [file, link] {
                #expect { _ = try UnixSocket.listen(other) } throws: {
                    "\($0)".contains("Address already in use")
                }
                UnixSocket.removeStale(other, of: ThisProcess.user)
            }
            #expect(try File.status(file)?.size == 1)
            #expect(try File.status(link, followingLinks: false)?.kind == .link)
            _ = try UnixSocket.listen(path)
            UnixSocket.removeStale(path, of: ThisProcess.user &+ 1)
            #expect(try File.status(path) != nil)
            UnixSocket.removeStale(path, of: ThisProcess.user)
            #expect(try File.status(path) == nil)
        }
    }

    @Test func `a path longer than an address is reached through its directory`() throws {
        try withDirectory { directory in
            let deep = directory + "/" + String(repeating: "d", count: 120)
            try Directory.create(deep)
            let listener = try UnixSocket.listen(deep + "/socket")
            _ = try UnixSocket.connect(deep + "/socket")
            #expect(try take(listener) !== nil)
            #expect(try Directory.names(in: deep) == ["socket"])
        }
    }

    @Test func `descriptors travel with a packet and lead to the same file`() throws {
        let pair = try UnixSocket.pair(.packets)
        let file = try MemoryFile.sealed("travelling", [4, 5, 6])
        #expect(try pair.first.sendMessage([7, 8], descriptors: [file.number, file.number]) == .moved(2))
        guard case .message(let message) = try pair.second.receiveMessage(atMost: 100) else {
            Issue.record("the packet did not arrive")
            return
        }
        #expect(message.bytes == [7, 8])
        #expect(message.descriptors.count == 2)
        #expect(try message.descriptors[1].descriptor.contents() == [4, 5, 6])
        #expect(!message.isTruncated)
    }

    @Test func `a packet that does not fit is known to be cut`() throws {
        let pair = try UnixSocket.pair(.packets)
        _ = try pair.first.sendMessage([UInt8](repeating: 1, count: 100))
        guard case .message(let message) = try pair.second.receiveMessage(atMost: 10) else {
            Issue.record("the packet did not arrive")
            return
        }
        #expect(message.isTruncated)
    }

    @Test func `nothing to receive and a full queue are values`() throws {
        let pair = try UnixSocket.pair(.packets)
        guard case .wouldBlock = try pair.second.receiveMessage(atMost: 10) else {
            Issue.record("something arrived")
            return
        }
        var sent = 0
        while try pair.first.sendMessage([UInt8](repeating: 0, count: 4000)) != .wouldBlock { sent += 1 }
        #expect(sent > 0)
    }

    @Test func `what a peer sent last arrives even when it left something unread`() throws {
        let survivor = try survivorOfHastyPeer()
        guard case .message(let message) = try survivor.receiveMessage(atMost: 10) else {
            Issue.record("the last packet is lost")
            return
        }
        #expect(message.bytes == [2])
        guard case .ended = try survivor.receiveMessage(atMost: 10) else {
            Issue.record("the connection has not ended")
            return
        }
    }

    private func survivorOfHastyPeer() throws -> Descriptor {
        let pair = try UnixSocket.pair(.packets)
        _ = try pair.first.sendMessage([1])
        _ = try pair.second.sendMessage([2])
        return try pair.first.duplicate()
    }

    @Test func `a lost peer ends a connection without a signal`() throws {
        let survivor = try firstOfPair()
        #expect(try survivor.sendMessage([1]) == .ended)
        guard case .ended = try survivor.receiveMessage(atMost: 10) else {
            Issue.record("the connection is not over")
            return
        }
    }

    private func firstOfPair() throws -> Descriptor { try UnixSocket.pair(.packets).first.duplicate() }

    private func take(_ listener: borrowing Descriptor) throws -> SharedDescriptor? {
        guard let connection = try listener.accept() else { return nil }
        return SharedDescriptor(connection)
    }
}
