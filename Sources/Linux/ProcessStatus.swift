internal import Glibc

/// What the kernel tells about a process in one line (proc_pid_stat(5)).
public struct ProcessStatus: Equatable, Sendable {
    /// "R" running, "S" sleeping, "Z" ended but not reaped...
    public var state: UInt8
    public var parent: Int32
    public var group: Int32
    public var session: Int32
    /// User and system time together, in nanoseconds.
    public var processorTime: Int64
    public var threads: Int
    /// In clock ticks since boot: with the pid it names one process until the next boot.
    public var startTime: UInt64
    /// Resident memory in bytes.
    public var memory: UInt64

    public var isZombie: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") }

    /// Reads the line by hand, because it is read for every instance at every sample.
    init?(parsing line: UnsafeRawBufferPointer) {
        // The command's name stands in parentheses and may contain anything, also parentheses.
        guard let closing = line.lastIndex(of: UInt8(ascii: ")")), closing + 2 < line.count else {
            return nil
        }
        state = line[closing + 2]
        var fields = Fields(rest: UnsafeRawBufferPointer(rebasing: line[(closing + 3)...]))
        guard let parent = fields.next(), let group = fields.next(), let session = fields.next() else {
            return nil
        }
        fields.skip(7)
        guard let user = fields.next(), let system = fields.next() else { return nil }
        fields.skip(4)
        guard let threads = fields.next() else { return nil }
        fields.skip(1)
        guard let startTime = fields.next() else { return nil }
        fields.skip(1)
        guard let pages = fields.next() else { return nil }
        self.parent = Int32(truncatingIfNeeded: parent)
        self.group = Int32(truncatingIfNeeded: group)
        self.session = Int32(truncatingIfNeeded: session)
        processorTime = (user + system) * (1_000_000_000 / ProcessStatus.ticksPerSecond)
        self.threads = Int(threads)
        self.startTime = UInt64(startTime)
        memory = UInt64(pages) * ProcessStatus.pageSize
    }

    private static let ticksPerSecond = Int64(sysconf(Int32(_SC_CLK_TCK)))
    private static let pageSize = UInt64(sysconf(Int32(_SC_PAGESIZE)))

    /// Numbers between blanks.
    private struct Fields {
        let rest: UnsafeRawBufferPointer
        var position = 0

        mutating func next() -> Int64? {
            while position < rest.count, rest[position] == 0x20 { position += 1 }
            var negative = false
            if position < rest.count, rest[position] == UInt8(ascii: "-") {
                negative = true
                position += 1
            }
            let start = position
            var value: Int64 = 0
            while position < rest.count, case let digit = rest[position] &- 0x30, digit < 10 {
                value = value &* 10 &+ Int64(digit)
                position += 1
            }
            return position == start ? nil : negative ? -value : value
        }

        mutating func skip(_ count: Int) {
            for _ in 0..<count { _ = next() }
        }
    }
}

/// Asks about the same process again and again, at half the cost, and never about another with the same pid.
public struct ProcessSampler: ~Copyable {
    private let file: Descriptor

    /// Nil when there is no such process.
    public init?(process: Int32) {
        guard let file = try? File.open("/proc/\(process)/stat") else { return nil }
        self.file = file
    }

    /// Nil once the process is gone (ESRCH).
    public borrowing func sample() -> ProcessStatus? {
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 8) { buffer in
            let count = pread(file.number, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else { return nil }
            return ProcessStatus(parsing: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
