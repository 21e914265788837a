#if FAULTS
    internal import Glibc
    internal import Synchronization

    /// Places at which a test has this process killed, one after another: what a crash leaves behind is then known for each.
    ///
    /// Only a build for that purpose knows them (`make faults`); in any other they are nothing.
    public enum Fault {
        private static let left = Mutex<Int?>(nil)

        /// The file says at which place; it is removed, so that whoever comes next lives.
        public static func arm(from path: String) {
            guard let bytes = try? File.read(path), let count = Int(String(decoding: bytes, as: UTF8.self))
            else { return }
            try? File.remove(path)
            left.withLock { $0 = count }
        }

        public static func point() {
            let isHere = left.withLock { left in
                guard let count = left else { return false }
                left = count - 1
                return count <= 1
            }
            if isHere { kill(getpid(), SIGKILL) }
        }
    }
#else
    /// Places at which a test has this process killed; in this build there are none.
    public enum Fault {
        @inline(__always)
        public static func arm(from path: String) {}
        @inline(__always)
        public static func point() {}
    }
#endif
