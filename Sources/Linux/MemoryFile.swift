internal import CLinux
internal import Glibc

/// A file that lives in memory only, and for as long as somebody has it open (memfd_create(2)).
public enum MemoryFile {
    public static func create(_ name: String, sealable: Bool = false) throws(SystemError) -> Descriptor {
        let number = try check(clinux_memory_file(name, sealable ? 1 : 0), "create a file in memory")
        return Descriptor(owning: number)
    }

    /// One with this content, which nobody can change any more.
    public static func sealed(_ name: String, _ bytes: [UInt8]) throws(SystemError) -> Descriptor {
        let file = try create(name, sealable: true)
        try file.write(bytes, at: 0)
        try check(clinux_seal(file.number), "seal a file in memory")
        return file
    }
}

extension Descriptor {
    /// The whole content, whatever the position.
    public borrowing func contents() throws(SystemError) -> [UInt8] {
        try read(at: 0, atMost: Int(try size()))
    }
}

/// A file mapped so that every process that maps it sees the same bytes (mmap(2), MAP_SHARED).
public struct SharedMapping: ~Copyable {
    private let address: UnsafeMutableRawPointer
    public let length: Int

    /// Makes the file as long as that when it is shorter.
    public init(_ file: borrowing Descriptor, length: Int) throws(SystemError) {
        if try file.size() < Int64(length) { try file.truncate(to: Int64(length)) }
        guard let address = clinux_map_shared(file.number, length) else {
            throw SystemError("map a file", code: errno)
        }
        self.address = address
        self.length = length
    }

    deinit { _ = clinux_unmap(address, length) }

    /// Borrow it for the time of the closure only.
    public borrowing func withBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
        body(UnsafeMutableRawBufferPointer(start: address, count: length))
    }
}
