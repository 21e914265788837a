internal import Linux

/// Descriptors that must outlive the daemon, each under a key of the daemon's choice.
struct Deposits {
    /// Enough for ten thousand instances; the limit on open files is usually lower.
    static let limit = 65536

    private var descriptors: [String: SharedDescriptor] = [:]

    var isEmpty: Bool { descriptors.isEmpty }

    /// Sorted by key, so that two listings of the same are the same.
    var all: [(key: String, descriptor: SharedDescriptor)] {
        descriptors.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// False: there is no room.
    mutating func keep(_ descriptor: SharedDescriptor, under key: String) -> Bool {
        guard descriptors[key] != nil || descriptors.count < Deposits.limit else { return false }
        descriptors[key] = descriptor
        return true
    }

    mutating func release(_ key: String) { descriptors[key] = nil }

    mutating func releaseAll(startingWith prefix: String) {
        for key in descriptors.keys where key.hasPrefix(prefix) { descriptors[key] = nil }
    }
}
