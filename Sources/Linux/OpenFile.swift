internal import CLinux
internal import Glibc

/// What can be done with a file that is open (pread(2), pwrite(2), fsync(2), flock(2)).
extension Descriptor {
    public borrowing func size() throws(SystemError) -> Int64 { try status().size }

    /// Everything from the file's position to its end.
    public borrowing func readAll(atMost limit: Int = .max) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            guard let more = try read(atMost: min(65536, limit - bytes.count)), !more.isEmpty else { break }
            if bytes.isEmpty { bytes = more } else { bytes += more }
        }
        return bytes
    }

    /// Everything, or an error; waits for space by poll(2) where the descriptor does not wait itself.
    public borrowing func writeAll(_ bytes: [UInt8]) throws(SystemError) {
        let code = Descriptor.writeAll(number, bytes)
        guard code == 0 else { throw SystemError("write to a descriptor", code: code) }
    }

    /// At most so many bytes from this place; fewer only at the end of the file.
    public borrowing func read(at offset: Int64, atMost count: Int) throws(SystemError) -> [UInt8] {
        var failure: Int32 = 0
        let number = number
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let place = UnsafeMutableRawPointer(buffer.baseAddress! + filled)
                let got = pread(number, place, count - filled, off_t(offset) + off_t(filled))
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { return }
                filled += got
            }
        }
        guard failure == 0 else { throw SystemError("read from a file", code: failure) }
        return bytes
    }

    public borrowing func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                pwrite(
                    number, buffer.baseAddress! + written, bytes.count - written,
                    off_t(offset) + off_t(written))
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw SystemError("write to a file", code: errno) }
            written += count
        }
    }

    @discardableResult
    public borrowing func seek(to offset: Int64) throws(SystemError) -> Int64 {
        let position = lseek(number, off_t(offset), SEEK_SET)
        guard position >= 0 else { throw SystemError("seek in a file", code: errno) }
        return Int64(position)
    }

    public borrowing func truncate(to size: Int64) throws(SystemError) {
        guard ftruncate(number, off_t(size)) == 0 else { throw SystemError("truncate a file", code: errno) }
    }

    public borrowing func synchronize() throws(SystemError) {
        guard fsync(number) == 0 else { throw SystemError("write a file to the disk", code: errno) }
    }

    public borrowing func setMode(_ mode: UInt32) throws(SystemError) {
        guard fchmod(number, mode) == 0 else { throw SystemError("change a file's mode", code: errno) }
    }

    public borrowing func setOwner(user: UInt32, group: UInt32) throws(SystemError) {
        guard fchown(number, user, group) == 0 else {
            throw SystemError("change a file's owner", code: errno)
        }
    }

    /// Takes the lock of the open file description, or learns that another has it.
    ///
    /// It is held until the last copy of the descriptor is closed, in whichever process that is.
    public borrowing func lock() throws(SystemError) -> Bool {
        try check(clinux_lock_exclusively(number), "lock a file") == 1
    }

    /// Of the file system that this file lies on (fstatvfs(3)), in bytes; what is available is what an ordinary
    /// user can still have.
    public borrowing func fileSystem() throws(SystemError) -> (size: Int64, available: Int64) {
        var (size, available) = (Int64(0), Int64(0))
        try check(clinux_file_system(number, &size, &available), "look at a file system")
        return (size, available)
    }

    static func writeAll(_ number: Int32, _ bytes: [UInt8]) -> Int32 {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.write(number, buffer.baseAddress! + written, bytes.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                var wanted = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
                poll(&wanted, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
