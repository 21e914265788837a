import Glibc
import Testing

@testable import Linux

/// Listeners that share one loopback address, as this process' own sockets.
struct Steering {
    struct Group {
        var listeners: [SharedDescriptor] = []
        var address: SocketAddress

        init(_ count: Int, on host: String = "127.0.0.1") throws {
            address = try #require(SocketAddress(text: host, port: 0))
            for _ in 0..<count { try add() }
        }

        mutating func add() throws {
            let descriptor = try TCPSocket.open(address.family)
            let socket = TCPSocket(descriptor.number)
            try socket.setReusePort()
            try socket.bind(address)
            try socket.listen(backlog: 1024)
            address = try #require(socket.localAddress)
            _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
            listeners.append(SharedDescriptor(descriptor))
        }

        /// Which listener got how many of `count` connections.
        func spread(_ count: Int, from source: [UInt8]? = nil) throws -> [Int] {
            for _ in 0..<count {
                let client = try TCPSocket.open(address.family)
                if let source {
                    try TCPSocket(client.number).bind(SocketAddress(.v4, host: source, port: 0))
                }
                try Steering.connect(client.number, to: address)
            }
            return listeners.map { listener in
                var taken = 0
                while case let connection = accept(listener.number, nil, nil), connection >= 0 {
                    taken += 1
                    close(connection)
                }
                return taken
            }
        }
    }

    static func connect(_ number: Int32, to address: SocketAddress) throws {
        let raw = address.raw
        let result = raw.withUnsafeBytes { bytes in
            Glibc.connect(
                number, bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        try #require(result == 0, "errno \(errno)")
    }

    static func program(_ weights: [Int], _ choice: SteeringProgram.Choice = .random) throws
        -> SteeringProgram
    {
        let members = weights.enumerated().map {
            SteeringProgram.Member(
                position: $0.offset, weight: $0.element,
                sources: [.first(UInt16($0.offset)), .second(UInt16($0.offset))])
        }
        return try #require(SteeringProgram(members, by: choice))
    }

    @Test func `random steering is even`() throws {
        let group = try Group(4)
        try TCPSocket(group.listeners[0].number).attach(Steering.program([1, 1, 1, 1]))
        let spread = try group.spread(800)
        #expect(spread.reduce(0, +) == 800)
        #expect(spread.allSatisfy { (120...280).contains($0) }, "\(spread)")
    }

    @Test func `a member without weight gets nothing, and a light one little`() throws {
        let group = try Group(3)
        try TCPSocket(group.listeners[1].number).attach(Steering.program([0, 9, 1]))
        let spread = try group.spread(500)
        #expect(spread[0] == 0 && spread[1] > 380 && spread[2] > 10, "\(spread)")
    }

    @Test(arguments: [SteeringProgram.Choice.random, .byClientAddress])
    func `small shares of many addresses are met within two points`(_ choice: SteeringProgram.Choice) throws {
        let group = try Group(5, on: "0.0.0.0")
        let weights = [19, 19, 19, 19, 4]
        try TCPSocket(group.listeners[0].number).attach(Steering.program(weights, choice))
        var taken = [Int](repeating: 0, count: 5)
        for client in 0..<2500 {
            let source: [UInt8] = [127, 1, UInt8(client / 250), UInt8(client % 250 + 1)]
            for (member, count) in try group.spread(1, from: source).enumerated() { taken[member] += count }
        }
        for (member, weight) in weights.enumerated() {
            let share = Double(taken[member]) / 25
            #expect(abs(share - Double(weight) / 0.8) < 2.5, "\(taken)")
        }
        #expect(abs(Double(taken[4]) / 25 - 5) < 2, "\(taken)")
    }

    @Test func `attaching again switches at once`() throws {
        let group = try Group(2)
        try TCPSocket(group.listeners[0].number).attach(Steering.program([1, 0]))
        #expect(try group.spread(40) == [40, 0])
        try TCPSocket(group.listeners[0].number).attach(Steering.program([0, 1]))
        #expect(try group.spread(40) == [0, 40])
        try TCPSocket(group.listeners[0].number).detachSteering()
        #expect(try group.spread(40).allSatisfy { $0 > 0 })
    }

    @Test(arguments: [SteeringProgram.Choice.random, .byClientAddress])
    func `a probe's address reaches its member, in rotation or not`(_ choice: SteeringProgram.Choice) throws {
        let group = try Group(4, on: "0.0.0.0")
        try TCPSocket(group.listeners[0].number).attach(Steering.program([1, 0, 1, 0], choice))
        for member in 0..<4 {
            let source = SteeringProgram.Source.first(UInt16(member)).host
            #expect(try group.spread(5, from: source)[member] == 5)
        }
    }

    @Test func `a dual-stack listener is steered for both families`() throws {
        var group = try Group(2, on: "::")
        try TCPSocket(group.listeners[0].number).attach(Steering.program([0, 1], .byClientAddress))
        group.address.host = [UInt8](repeating: 0, count: 15) + [1]
        #expect(try group.spread(10) == [0, 10])
        group.address = SocketAddress(.v4, host: [127, 0, 0, 1], port: group.address.port)
        #expect(try group.spread(10) == [0, 10])
        #expect(try group.spread(5, from: SteeringProgram.Source.second(0).host) == [5, 0])
    }

    @Test func `a client keeps its place, and only the clients of a missing one move`() throws {
        let group = try Group(4, on: "0.0.0.0")
        /// Who stands at each place, by position; nil: nobody.
        func met(_ places: [Int?]) throws -> [Int] {
            let members = (0..<4).map { position in
                let place = places.firstIndex(of: position)
                return SteeringProgram.Member(position: position, weight: place == nil ? 0 : 1, place: place)
            }
            let program = try #require(SteeringProgram(members, by: .place(of: places.count)))
            try TCPSocket(group.listeners[0].number).attach(program)
            return try (1...120).map { client in
                let source: [UInt8] = [127, 1, 0, UInt8(client)]
                return try group.spread(2, from: source).firstIndex(of: 2) ?? -1
            }
        }
        let three = try met([0, 1, 2])
        #expect(Set(three) == [0, 1, 2])
        // Another takes the second place.
        let replaced = try met([0, 3, 2])
        #expect(replaced == three.map { $0 == 1 ? 3 : $0 })
        let missing = try met([0, nil, 2])
        for (before, now) in zip(three, missing) {
            #expect(before == 1 ? [0, 2].contains(now) : now == before)
        }
        #expect(
            zip(three, missing).contains { $0 == (1, 0) } && zip(three, missing).contains { $0 == (1, 2) })
    }

    @Test func `a client's address always meets the same member`() throws {
        let group = try Group(4, on: "0.0.0.0")
        try TCPSocket(group.listeners[0].number).attach(Steering.program([1, 1, 1, 1], .byClientAddress))
        var met = [Int](repeating: 0, count: 4)
        for client in 1...60 {
            let spread = try group.spread(3, from: [127, 0, 3, UInt8(client)])
            let member = try #require(spread.firstIndex(of: 3), "\(spread)")
            met[member] += 1
        }
        #expect(met.allSatisfy { $0 >= 4 }, "\(met)")
    }

    @Test func `IPv6 clients are sticky as well`() throws {
        let group = try Group(2, on: "::1")
        try TCPSocket(group.listeners[0].number).attach(Steering.program([1, 1], .byClientAddress))
        let spread = try group.spread(10)
        #expect(spread.sorted() == [0, 10])
    }

    @Test func `nobody in rotation is no program, and too many are not named`() {
        #expect(SteeringProgram([.init(position: 0, weight: 0)], by: .random) == nil)
        var crowd = (0..<1500).map {
            SteeringProgram.Member(position: $0, weight: 1, sources: [.first(UInt16($0))])
        }
        #expect(SteeringProgram(crowd, by: .random) == nil)
        for member in crowd.indices { crowd[member].sources = [] }
        #expect(SteeringProgram(crowd, by: .random)?.instructions.count == 3001)
    }

    @Test func `the last member moves into the place of one that closes`() throws {
        var group = try Group(3)
        group.listeners[0] = SharedDescriptor(try TCPSocket.open(.v4))
        group.listeners.remove(at: 0)
        // Was 0, 1, 2; now 2, 1.
        try TCPSocket(group.listeners[0].number).attach(Steering.program([1, 0]))
        #expect(try group.spread(10) == [0, 10])
    }

    @Test func `the accept queue can be read without accepting`() throws {
        let group = try Group(1)
        let socket = TCPSocket(group.listeners[0].number)
        #expect(try #require(socket.acceptQueue) == (0, 1024))
        let client = try TCPSocket.open(.v4)
        try Steering.connect(client.number, to: group.address)
        #expect(socket.acceptQueue?.length == 1)
        #expect(TCPSocket(client.number).acceptQueue == nil)
    }
}

struct Addressing {
    @Test(arguments: ["127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1", "2001:db8::5:0:1"])
    func `an address survives the way to the kernel's form and back`(_ text: String) throws {
        let address = try #require(SocketAddress(text: text, port: 8080))
        #expect(SocketAddress(raw: address.raw) == address)
        #expect(address.hostText == text)
        #expect(address.description == (text.contains(":") ? "[\(text)]:8080" : "\(text):8080"))
    }

    @Test func `what is no internet address is none`() {
        #expect(SocketAddress(raw: [1, 0, 47, 120]) == nil)
        #expect(SocketAddress(raw: [UInt8](repeating: 1, count: 110)) == nil)
        #expect(SocketAddress(raw: [10] + [UInt8](repeating: 0, count: 15)) == nil)
        #expect(SocketAddress(text: "localhost", port: 1) == nil)
    }

    @Test func `loopback is known in both families`() {
        #expect(SocketAddress(text: "127.9.9.9", port: 0)?.isLoopback == true)
        #expect(SocketAddress(text: "::ffff:127.0.0.1", port: 0)?.isLoopback == true)
        #expect(SocketAddress(text: "::1", port: 0)?.isLoopback == true)
        #expect(SocketAddress(text: "10.0.0.1", port: 0)?.isLoopback == false)
        #expect(SocketAddress(text: "::", port: 0)?.isAny == true)
    }

    @Test func `options set before listening are copied`() throws {
        let (source, target) = (
            SharedDescriptor(try TCPSocket.open(.v4)), SharedDescriptor(try TCPSocket.open(.v4))
        )
        var one: Int32 = 1
        setsockopt(source.number, Int32(IPPROTO_TCP), 1, &one, 4)
        setsockopt(source.number, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        var size: Int32 = 50_000
        setsockopt(source.number, SOL_SOCKET, SO_RCVBUF, &size, 4)
        _ = fcntl(source.number, F_SETFL, O_NONBLOCK)
        TCPSocket(source.number).copyOptions(to: TCPSocket(target.number))
        var value: Int32 = 0
        var length = socklen_t(4)
        getsockopt(target.number, Int32(IPPROTO_TCP), 1, &value, &length)
        #expect(value == 1)
        getsockopt(target.number, SOL_SOCKET, SO_RCVBUF, &value, &length)
        #expect(value == 100_000)
        #expect(fcntl(target.number, F_GETFL) & O_NONBLOCK != 0)
        #expect(TCPSocket(target.number).isTCP && !TCPSocket(target.number).reusesPort)
    }
}
