public import Supervision

/// Node's debugger, which each worker needs a port of its own for.
public enum InspectPort {
    /// What to add to node's arguments so that this slot's debugger has its own port; nil: none was asked for, or the
    /// kernel chooses. Node takes the last one said.
    public static func argument(for slot: SlotIndex, arguments: [String], nodeOptions: String?) -> String? {
        let words = (nodeOptions ?? "").split(separator: " ").map(String.init) + arguments
        var isInspected = false
        var port = 9229
        for word in words {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            guard let name = parts.first else { continue }
            switch name {
            case "--inspect", "--inspect-brk", "--inspect-wait": isInspected = true
            case "--inspect-port", "--debug-port": break
            default: continue
            }
            if parts.count > 1, let given = Int(parts[1].split(separator: ":").last ?? "") { port = given }
        }
        guard isInspected, port != 0, let own = UInt16(exactly: port + slot.number) else { return nil }
        return "--inspect-port=\(own)"
    }
}
