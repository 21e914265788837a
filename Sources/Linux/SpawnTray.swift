internal import Glibc

/// A few descriptors in a row, low in the table, on which one thread hands over what its children get.
///
/// A child then needs a copy of the beginning of the table only (close_range(2), CLOSE_RANGE_UNSHARE). Otherwise
/// clone copies all of it and exec closes all of it again, which with a hundred instances is most of a spawn.
public final class SpawnTray: Sendable {
    let first: Int32
    let count: Int32

    /// For so many descriptors. To be made early, while the numbers are low.
    public init(for count: Int32) throws(SystemError) {
        var found: [Int32] = []
        let null = try File.open("/dev/null", .readAndWrite)
        var lowest: Int32 = 3
        while found.count < Int(count) {
            let number = fcntl(null.number, F_DUPFD_CLOEXEC, lowest)
            guard number >= 0 else {
                let code = errno
                for number in found { close(number) }
                throw SystemError("duplicate a descriptor", code: code)
            }
            if let last = found.last, number != last + 1 {
                for number in found { close(number) }
                found.removeAll()
            }
            found.append(number)
            lowest = number + 1
        }
        first = found[0]
        self.count = count
    }

    deinit { for number in first..<first + count { close(number) } }
}
