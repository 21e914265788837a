#if FAULTS
    internal import Glibc
    internal import Synchronization

    /// Places at which a test has this process killed, one after another: what a crash leaves behind is then known for each.
    ///
    /// Only a build for that purpose knows them (`make faults`); in any other they are nothing.
    public enum Fault {
        private struct Order {
            var file = ""
            /// Places that are still left; nil: nobody is to die.
            var left: Int?
        }
        private static let order = Mutex(Order())
        private static let shift = Atomic<Int64>(0)

        /// The file says at which place from then on. It is removed when it is read, so that whoever comes next lives.
        public static func listen(to path: String) {
            order.withLock { $0.file = path }
        }

        /// How wrong this process takes the clock of the machine to be, in nanoseconds: since a place at which the file named after
        /// the other, with ".clock" behind it, said so in seconds.
        static var clockShift: Int64 { shift.load(ordering: .relaxed) }

        public static func point() {
            let isHere = order.withLock { order in
                if let seconds = read("\(order.file).clock") {
                    shift.store(Int64(seconds) * 1_000_000_000, ordering: .relaxed)
                }
                if let new = read(order.file) { order.left = new }
                guard let left = order.left else { return false }
                order.left = left - 1
                return left <= 1
            }
            if isHere { kill(getpid(), SIGKILL) }
        }

        private static func read(_ path: String) -> Int? {
            guard let bytes = try? File.read(path) else { return nil }
            try? File.remove(path)
            return Int(String(decoding: bytes, as: UTF8.self))
        }
    }
#else
    /// Places at which a test has this process killed, or its clock set; in this build there are none.
    public enum Fault {
        static var clockShift: Int64 {
            @inline(__always) get { 0 }
        }

        @inline(__always)
        public static func point() {}
    }
#endif
