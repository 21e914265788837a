import Glibc
import Linux
import Testing

@Suite struct SpawningFromATray {
    /// How many descriptors the table of a process has room for (proc_pid_status(5)).
    private static let script = "exec sed -n 's/FDSize:.//p' /proc/self/status"

    /// A test of its own would find the kernel's refusal remembered.
    @Test func `a child takes what it gets and leaves the rest, or copies all where it may not leave`() throws
    {
        let tray = try SpawnTray(for: 8)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        let many = (0..<700).map { _ in fcntl(null, F_DUPFD_CLOEXEC, 3) }
        defer { for number in [null] + many { close(number) } }
        try #require(many.allSatisfy { $0 > 0 })
        let copied = try #require(Int(try Spawning.output(of: Self.script)))
        #expect(copied >= 512)
        // That the output ends at all shows that nothing stays on the tray.
        let taken = try #require(Int(try Spawning.output(of: Self.script, tray: tray)))
        #expect(taken < copied)

        try confined(denying: [.closeRange]) { () throws in
            let text = try Spawning.output(of: Self.script, tray: tray)
            #expect(Int(text) == copied)
        }
    }

    @Test func `sources on the tray and targets may overlap, and more than fits goes another way`() throws {
        let tray = try SpawnTray(for: 8)
        for count in [4, 12] {
            let text = try Spawning.output(of: "cat <&3; readlink /proc/self/fd/\(2 + count)", tray: tray) {
                var ends: [Int32] = [-1, -1]
                _ = Spawning.pipe2(&ends)
                _ = write(ends[1], "x\n", 2)
                close(ends[1])
                $0.descriptors.append(.init(ends[0], as: 3))
                let zero = open("/dev/zero", O_RDONLY | O_CLOEXEC)
                for target in 4..<3 + Int32(count) { $0.descriptors.append(.init(zero, as: target)) }
            }
            #expect(text == "x\n/dev/zero")
        }
    }
}
