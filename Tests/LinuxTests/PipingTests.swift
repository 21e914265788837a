import Linux
import Testing

@Suite struct Piping {
    @Test func `an unbreakable pipe takes bytes when every reader is gone, and ends with its last writer`()
        throws
    {
        let writer = try writerWithoutReader()
        #expect(try writer.write(Array("kept".utf8)) == .moved(4))
        let later = try File.open("/proc/self/fd/\(writer.number)", [.read, .nonBlocking])
        #expect(try later.read(atMost: 10) == Array("kept".utf8))
        #expect(try later.read(atMost: 10) == nil)
        _ = consume writer
        #expect(try later.read(atMost: 10) == [])
    }

    @Test func `spliced bytes are in the file, in order, at the place that was asked for`() throws {
        let pipe = try Pipe()
        let file = try MemoryFile.create("spliced")
        try file.write(Array("head ".utf8), at: 0)
        #expect(try file.splice(from: pipe.reader, at: 5, atMost: 100) == .wouldBlock)
        _ = try pipe.writer.write(Array("and tail".utf8))
        #expect(try pipe.reader.readableBytes() == 8)
        #expect(try file.splice(from: pipe.reader, at: 5, atMost: 100) == .moved(8))
        #expect(try file.contents() == Array("head and tail".utf8))
    }

    @Test func `a pipe can be made bigger`() throws {
        let pipe = try Pipe()
        #expect(try pipe.writer.setPipeCapacity(256 * 1024) >= 256 * 1024)
        #expect(try pipe.reader.pipeCapacity() >= 256 * 1024)
    }

    private func writerWithoutReader() throws -> Descriptor {
        try Pipe.unbreakable().writer.descriptor.duplicate()
    }
}
