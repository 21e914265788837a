internal import CLinux
internal import Glibc

/// A pipe whose ends are closed on exec (pipe(7)).
@frozen public struct Pipe: ~Copyable {
    public let reader: Descriptor
    public let writer: Descriptor

    /// The reading end never waits; the writing end does, as a program expects of its output.
    public init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        try check(clinux_pipe(&ends, 0), "create a pipe")
        reader = Descriptor(owning: ends[0])
        writer = Descriptor(owning: ends[1])
        reader.setNonBlocking()
    }

    /// A pipe whose writing end also counts as a reader, so that writing to it never fails and raises no SIGPIPE,
    /// even when everybody who read it is gone: then it waits when the pipe is full.
    public static func unbreakable() throws(SystemError) -> (
        reader: SharedDescriptor, writer: SharedDescriptor
    ) {
        var ends: [Int32] = [-1, -1]
        // What is opened anew below waits all the same: that is said of each opening.
        try check(clinux_pipe(&ends, O_NONBLOCK), "create a pipe")
        let reader = SharedDescriptor(Descriptor(owning: ends[0]))
        let writer = Descriptor(owning: ends[1])
        return (reader, SharedDescriptor(try File.open("/proc/self/fd/\(writer.number)", .readAndWrite)))
    }
}

/// What can be asked of either end of a pipe (fcntl(2)), by number, because whoever pumps it keeps it in a table.
extension Descriptor {
    /// How many bytes the pipe holds before writing waits.
    public borrowing func pipeCapacity() throws(SystemError) -> Int {
        Int(try check(clinux_pipe_capacity(number), "measure a pipe"))
    }

    /// Refused by EPERM or EBUSY when the user's budget of pipe pages is spent or the content would not fit.
    @discardableResult
    public borrowing func setPipeCapacity(_ bytes: Int) throws(SystemError) -> Int {
        Int(try check(clinux_set_pipe_capacity(number, Int32(bytes)), "resize a pipe"))
    }

    /// How many bytes can be read at once (FIONREAD).
    public borrowing func readableBytes() throws(SystemError) -> Int {
        Int(try check(clinux_readable_bytes(number), "measure what can be read"))
    }

    /// Where the first line that this pipe holds ends, its newline included, and how much was looked at: at most
    /// 64 KiB, which stay in the pipe (tee(2)). Nil: nothing is there now; 0 at the end. The scratch pipe must be empty.
    public borrowing func firstLine(
        through scratch: borrowing Pipe
    ) throws(SystemError) -> (line: Int?, seen: Int)? {
        var newline = -1
        let seen = clinux_look_into_pipe(
            number, scratch.reader.number, scratch.writer.number, 64 * 1024, &newline)
        if seen == -Int(EAGAIN) { return nil }
        if seen < 0 { try check(Int32(seen), "look into a pipe") }
        return (newline < 0 ? nil : newline + 1, seen)
    }

    /// Moves bytes from a pipe into this file, without a moment in which they are in neither (splice(2)).
    ///
    /// The file must not be open for appending.
    public borrowing func splice(
        from pipe: borrowing Descriptor, at offset: Int64, atMost count: Int
    ) throws(SystemError) -> Transfer {
        let moved = clinux_splice(pipe.number, number, offset, count)
        if moved > 0 { return .moved(moved) }
        if moved == 0 { return .ended }
        if moved == -Int(EAGAIN) { return .wouldBlock }
        try check(Int32(moved), "move bytes from a pipe to a file")
        return .ended
    }
}
