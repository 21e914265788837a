internal import Linux
internal import Supervision
internal import Wire

/// What a Node program is started with so that it can send messages.
struct ChannelProvision: Sendable {
    var socket: SharedDescriptor
    /// The daemon's end. The program holds it, too, unasked: so the channel never ends for it, and whoever comes when
    /// keeper and daemon were killed finds it there.
    var keepsake: SharedDescriptor
    var variables: [String: String]

    /// One byte, which whoever takes the channel below a wrapper reads, so that nobody else does.
    var token: SharedDescriptor

    /// The number under which Node's own `fork` passes it.
    static let usualNumber: Int32 = 3
    /// High enough to be in nobody's way.
    static let keepsakeNumber: Int32 = 200
    /// Below this Node marks what it finds so that its children do not inherit it; the token has the next number.
    static let wrappedNumber: Int32 = 100
    static let wrappedVariable = "SWPM_CHANNEL"

    init(
        socket: SharedDescriptor, keepsake: SharedDescriptor, variables: [String: String]
    ) throws(SystemError) {
        self.socket = socket
        self.keepsake = keepsake
        self.variables = variables
        token = SharedDescriptor(try MemoryFile.create("swpm-token"))
        try token.descriptor.write([1], at: 0)
    }

    /// `preload` is the file that the program is to load first, if any.
    func complete(_ request: inout SpawnRequest, preload: String?) {
        let taken = request.descriptors.map(\.target).max() ?? 2
        let number = max(ChannelProvision.usualNumber, taken + 1)
        request.descriptors.append(.init(socket.number, as: number))
        request.descriptors.append(.init(keepsake.number, as: ChannelProvision.keepsakeNumber))
        let own = ["NODE_CHANNEL_FD": "\(number)", "NODE_CHANNEL_SERIALIZATION_MODE": "json"]
        request.environment += own.merging(variables) { ours, _ in ours }.sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
        if let preload { _ = load(preload, &request) }
    }

    /// For a program that may start Node: what is started finds the channel by the preload. False: it could not.
    func complete(wrapper request: inout SpawnRequest, preload: String) -> Bool {
        // A program that closes what it inherits, and opens something else, must not be taken for having it.
        guard let inode = try? socket.descriptor.status().inode, load(preload, &request) else { return false }
        let number = ChannelProvision.wrappedNumber
        request.descriptors.append(.init(socket.number, as: number))
        request.descriptors.append(.init(token.number, as: number + 1))
        request.descriptors.append(.init(keepsake.number, as: ChannelProvision.keepsakeNumber))
        request.environment.append("\(ChannelProvision.wrappedVariable)=\(number):\(inode)")
        return true
    }

    private func load(_ path: String, _ request: inout SpawnRequest) -> Bool {
        let name = "NODE_OPTIONS="
        let present = request.environment.firstIndex { $0.hasPrefix(name) }
        let options = present.map { String(request.environment[$0].dropFirst(name.count)) }
        let wanted = NodeOptions.loading(path, before: options, arguments: request.arguments)
        guard let wanted else { return false }
        if let present { request.environment.remove(at: present) }
        request.environment.append(name + wanted)
        return true
    }
}
