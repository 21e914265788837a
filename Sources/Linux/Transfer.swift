internal import Glibc

/// What became of a read or write that was asked not to wait.
public enum Transfer: Equatable, Sendable {
    /// So many bytes, at least one.
    case moved(Int)
    /// Nothing can be moved now.
    case wouldBlock
    /// Nothing will ever be moved: end of file, or the other side is gone.
    case ended
}

extension Descriptor {
    /// Reads what is there (read(2)).
    public borrowing func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Transfer {
        try Descriptor.read(number, into: buffer)
    }

    /// Reads at most so many bytes; nil when nothing is there now, empty at the end.
    public borrowing func read(atMost count: Int) throws(SystemError) -> [UInt8]? {
        var outcome: Result<Transfer, SystemError> = .success(.ended)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                let transfer = try Descriptor.read(number, into: UnsafeMutableRawBufferPointer(buffer))
                outcome = .success(transfer)
                if case .moved(let moved) = transfer { filled = moved }
            } catch { outcome = .failure(error) }
        }
        return try outcome.get() == .wouldBlock ? nil : bytes
    }

    /// Writes as much as fits (write(2)). A broken pipe is an end; SIGPIPE must be ignored or blocked.
    public borrowing func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Transfer {
        try Descriptor.write(number, bytes)
    }

    /// Writes as much as fits.
    public borrowing func write(_ bytes: [UInt8]) throws(SystemError) -> Transfer {
        var outcome: Result<Transfer, SystemError> = .success(.ended)
        bytes.withUnsafeBytes { buffer in
            do throws(SystemError) { outcome = .success(try Descriptor.write(number, buffer)) } catch {
                outcome = .failure(error)
            }
        }
        return try outcome.get()
    }

    /// What could be done at once (poll(2)): reading, writing, or noticing that the other side is gone.
    public borrowing func readiness() -> Poller.Interest {
        var entry = pollfd(fd: number, events: Int16(POLLIN | POLLOUT), revents: 0)
        poll(&entry, 1, 0)
        return Poller.Interest(rawValue: UInt32(UInt16(bitPattern: entry.revents)))
    }

    /// Makes reads and writes on the open file description return at once (O_NONBLOCK).
    public borrowing func setNonBlocking(_ wanted: Bool = true) {
        let flags = fcntl(number, F_GETFL)
        _ = fcntl(number, F_SETFL, wanted ? flags | O_NONBLOCK : flags & ~O_NONBLOCK)
    }

    /// Whether a program that this process becomes inherits it (FD_CLOEXEC).
    public borrowing func setInherited(_ wanted: Bool) {
        _ = fcntl(number, F_SETFD, wanted ? 0 : FD_CLOEXEC)
    }

    static func read(
        _ number: Int32, into buffer: UnsafeMutableRawBufferPointer
    ) throws(SystemError) -> Transfer {
        while true {
            let count = Glibc.read(number, buffer.baseAddress, buffer.count)
            if count > 0 { return .moved(count) }
            if count == 0 { return .ended }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            // The last holder of a pseudo-terminal's other side is gone.
            case EIO, ECONNRESET: return .ended
            case let code: throw SystemError("read from a descriptor", code: code)
            }
        }
    }

    static func write(_ number: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Transfer {
        while true {
            let count = Glibc.write(number, bytes.baseAddress, bytes.count)
            if count >= 0 { return .moved(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case EPIPE, ECONNRESET: return .ended
            case let code: throw SystemError("write to a descriptor", code: code)
            }
        }
    }
}
