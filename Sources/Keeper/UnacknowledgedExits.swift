internal import Linux

/// Ends of processes that no daemon has acknowledged.
struct UnacknowledgedExits {
    /// When a daemon stays away for so many exits, the oldest are lost.
    static let limit = 16384

    private(set) var all: [ReapedProcess] = []
    /// How many of the oldest this daemon has been told of.
    private var told = 0

    /// The oldest that this daemon does not know.
    var next: ReapedProcess? { told < all.count ? all[told] : nil }

    mutating func add(_ process: ReapedProcess) {
        if all.count == UnacknowledgedExits.limit {
            all.removeFirst()
            told = max(0, told - 1)
        }
        all.append(process)
    }

    mutating func tellNext() { told += 1 }

    /// A new daemon knows nothing.
    mutating func tellAllAgain() { told = 0 }

    mutating func acknowledge(_ process: Int32) {
        guard let index = all[..<told].firstIndex(where: { $0.reaped.process == process }) else { return }
        all.remove(at: index)
        told -= 1
    }
}
