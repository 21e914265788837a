internal import Supervision

/// Amounts as people read them.
enum Quantities {
    /// In a sentence: "120 ms", "8 s", "1.5 s", "3 min", "2 h", "5 days".
    static func duration(_ duration: Duration) -> String {
        let milliseconds = max(0, duration.milliseconds)
        switch milliseconds {
        case ..<1000: return "\(milliseconds) ms"
        case ..<10_000 where milliseconds % 1000 >= 100:
            return "\(milliseconds / 1000).\(milliseconds % 1000 / 100) s"
        case ..<120_000: return "\(milliseconds / 1000) s"
        case ..<7_200_000: return "\(milliseconds / 60_000) min"
        case ..<172_800_000: return "\(milliseconds / 3_600_000) h"
        default: return "\(milliseconds / 86_400_000) days"
        }
    }

    /// In a column: "45s", "12m", "3h", "2d".
    static func shortDuration(_ duration: Duration) -> String {
        let seconds = max(0, duration.milliseconds / 1000)
        switch seconds {
        case ..<120: return "\(seconds)s"
        case ..<7200: return "\(seconds / 60)m"
        case ..<172_800: return "\(seconds / 3600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// What is still to come, rounded up, so that nothing is due "in 0 s".
    static func remaining(_ duration: Duration) -> String {
        let seconds = max(1, (duration.milliseconds + 999) / 1000)
        return Quantities.duration(.seconds(seconds))
    }

    /// "52.2mb", PM2's way.
    static func memory(_ bytes: UInt64) -> String {
        let units = ["b", "kb", "mb", "gb", "tb"]
        var unit = 0
        var size: UInt64 = 1
        while bytes / size >= 1024, unit < units.count - 1 {
            size *= 1024
            unit += 1
        }
        guard unit > 0 else { return "\(bytes)b" }
        return "\(bytes / size).\(bytes % size / (size / 1024) * 10 / 1024)\(units[unit])"
    }

    /// "12.5%", and "3%" where the tenths are none.
    static func processor(tenths: Int) -> String {
        tenths % 10 == 0 ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
    }

    /// "1 instance", "2 instances".
    static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    /// ":3000" when it is reachable at every address of the machine, else the whole.
    static func address(_ address: ListenAddress) -> String {
        ["0.0.0.0", "::"].contains(address.host) ? ":\(address.port)" : "\(address)"
    }

    /// Every address once: 0.0.0.0 and :: with the same port are one to the reader.
    static func addresses(_ addresses: [ListenAddress]) -> String {
        var said: [String] = []
        for address in addresses.sorted().map(Quantities.address) where !said.contains(address) {
            said.append(address)
        }
        return said.joined(separator: ", ")
    }
}
