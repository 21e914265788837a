import Glibc
import Linux

/// Dies of a mistake of its own, and leaves no core behind.
func crash(_ kind: String) -> Never {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(4), &none)
    switch kind {
    case "trap": trap(ThisProcess.identifier)
    case "address": touch(UnsafeMutableRawPointer(bitPattern: 0x10)!)
    case "abort": abort()
    case "overflow": exit(Int32(descend(0) & 1))
    case "thread":
        (try? Thread.start(name: "clumsy") { trap(ThisProcess.identifier) })?.join()
        exit(0)
    default: refuse("cannot crash by \(kind)")
    }
}

@inline(never) private func trap(_ process: Int32) -> Never {
    precondition(process < 0, "a process has no negative number")
    exit(0)
}

@inline(never) private func touch(_ address: UnsafeMutableRawPointer) -> Never {
    address.storeBytes(of: 1, as: UInt8.self)
    exit(0)
}

/// Needs more stack than there is; what it returns keeps the compiler from making a loop of it.
@inline(never) private func descend(_ depth: Int) -> Int {
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 16) { buffer in
        buffer[0] = UInt8(truncatingIfNeeded: depth)
        let below = depth < .max ? descend(depth + 1) : 0
        return below + Int(buffer[0])
    }
}
