import Glibc
import Testing

@testable import Linux

final class SocketDiagnosing {
    let listener: SharedDescriptor
    let address: SocketAddress
    let diagnostics: SocketDiagnostics

    init() throws {
        let group = try Steering.Group(1)
        listener = group.listeners[0]
        address = group.address
        diagnostics = try SocketDiagnostics()
    }

    private func connected() throws -> (client: SharedDescriptor, server: SharedDescriptor) {
        let client = SharedDescriptor(try TCPSocket.open(.v4))
        try Steering.connect(client.number, to: address)
        let number = accept(listener.number, nil, nil)
        try #require(number >= 0)
        return (client, SharedDescriptor(Descriptor(owning: number)))
    }

    @Test func `a listener is found with its owner`() throws {
        let found = try diagnostics.listeners(onPort: address.port)
        #expect(found.count == 1)
        #expect(found[0].local == address && found[0].state == .listening && found[0].user == getuid())
        #expect(found[0].inode == TCPSocket(listener.number).identity.inode)
        let owner = try #require(SocketOwner.find(inode: found[0].inode))
        #expect(owner.process == getpid() && owner.user == getuid() && !owner.command.isEmpty)
        #expect(owner.descriptor == listener.number)
    }

    @Test func `connections of a range of ports are told with the sockets they are`() throws {
        let (client, server) = try connected()
        let inode = TCPSocket(server.number).identity.inode
        let waiting = SharedDescriptor(try TCPSocket.open(.v4))
        try Steering.connect(waiting.number, to: address)
        func found(_ ports: ClosedRange<UInt16>) throws -> [UInt64] {
            var inodes: [UInt64] = []
            try diagnostics.eachConnection(onPorts: ports, of: .v4) { inode, port in
                if port == self.address.port { inodes.append(inode) }
            }
            return inodes.sorted()
        }
        let port = address.port
        // Who has not been accepted has no socket yet.
        #expect(try found(port...port) == [0, inode])
        #expect(try found(port - 1...port) == [0, inode])
        #expect(try found(1...port - 1).isEmpty)
        _ = client
    }

    @Test func `nobody listens where nobody listens`() throws {
        let spare = try Steering.Group(1)
        let port = spare.address.port
        #expect(try diagnostics.listeners(onPort: port).count == 1)
        close(dup2(listener.number, spare.listeners[0].number) >= 0 ? dup(0) : -1)
        #expect(try diagnostics.listeners(onPort: port).isEmpty)
    }

    @Test func `what a refused peer sends arrives when it may, and an end is read meanwhile`() throws {
        let (client, server) = try connected()
        let socket = TCPSocket(server.number)
        #expect(socket.refuseData(true))
        _ = write(client.number, "GET", 3)
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(recv(server.number, &buffer, 8, Int32(MSG_DONTWAIT)) < 0 && errno == EAGAIN)
        #expect(socket.refuseData(false))
        // The client's kernel sends it again.
        #expect(recv(server.number, &buffer, 8, 0) == 3)
        socket.refuseData(true)
        _ = write(client.number, "PUT", 3)
        socket.endReceiving()
        #expect(recv(server.number, &buffer, 8, 0) == 0)
        // It may still say something.
        #expect(write(server.number, "bye", 3) == 3)
        #expect(recv(client.number, &buffer, 8, 0) == 3)
    }

    @Test func `a connection shows who spoke last`() throws {
        let (client, server) = try connected()
        let inode = TCPSocket(server.number).identity.inode
        func seen() throws -> TCPConnection {
            try #require(
                try diagnostics.connections(onPort: address.port, of: .v4).first { $0.inode == inode })
        }
        #expect(try seen().receiveQueue == 0)
        _ = write(client.number, "GET", 3)
        let asked = try seen()
        #expect(asked.receiveQueue == 3 && asked.bytesReceived == 3)
        var buffer = [UInt8](repeating: 0, count: 8)
        _ = read(server.number, &buffer, 8)
        _ = write(server.number, "OK", 2)
        _ = read(client.number, &buffer, 8)
        let answered = try #require(try diagnostics.refreshed(asked))
        #expect(answered.receiveQueue == 0 && answered.inode == inode)
        #expect(try #require(answered.sinceSent) <= #require(answered.sinceReceived))
    }

    @Test func `a closed connection is not found again`() throws {
        let (client, server) = try connected()
        let inode = TCPSocket(server.number).identity.inode
        let found = try diagnostics.connections(onPort: address.port, of: .v4).first { $0.inode == inode }
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            client.number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        setsockopt(
            server.number, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
        // The files close here; the descriptors stay, as copies of the listener.
        dup2(listener.number, client.number)
        dup2(listener.number, server.number)
        #expect(try diagnostics.refreshed(#require(found)) == nil)
    }
}
