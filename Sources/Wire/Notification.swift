public import Supervision

/// One datagram of sd_notify(3): lines of `NAME=value`.
public enum Notification {
    /// The largest that is read; what is longer is dropped as a whole.
    public static let sizeLimit = 4096

    /// What it says, as far as it is understood here; unknown names are for others.
    public static func words(in bytes: [UInt8]) -> [Word] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let equals = line.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let name = String(decoding: line[..<equals], as: UTF8.self)
            return word(name, line[(equals + 1)...])
        }
    }

    private static func word(_ name: String, _ bytes: ArraySlice<UInt8>) -> Word? {
        let value = String(decoding: bytes, as: UTF8.self)
        switch (name, value) {
        case ("READY", "1"): return .ready
        case ("RELOADING", "1"): return .reloading
        case ("STOPPING", "1"): return .stopping
        case ("WATCHDOG", "1"): return .alive
        case ("WATCHDOG", "trigger"): return .trouble
        case ("STATUS", _): return .status(bounded(value))
        case ("MAINPID", _):
            guard let number = Int32(value), number > 1 else { return nil }
            return .mainProcess(ProcessID(number))
        default: return nil
        }
    }

    /// Whole characters, without those that would move a cursor.
    private static func bounded(_ text: String) -> String {
        var result = ""
        var size = 0
        for character in text
        where !character.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            size += character.utf8.count
            guard size <= Word.textLimit else { break }
            result.append(character)
        }
        return result
    }
}
