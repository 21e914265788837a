internal import Linux
internal import Wire

/// The state as it is at this moment, in memory that the keeper holds too.
///
/// The disk is always a little behind: an fsync(2) takes as long as it likes. So what was decided is written here
/// before anything of it is done, and a daemon that is killed between two instructions leaves to the next exactly what
/// it meant. What is on the disk counts after a boot, or when the keeper was killed as well.
final class Recollection {
    static let key = "state"

    private let pages: TwoPages
    private let tell: (String) -> Void
    private var hasComplained = false

    init(
        _ keeper: KeeperLink, found: [String: SharedDescriptor], tell: @escaping (String) -> Void
    ) throws(SystemError) {
        let kept = found[Recollection.key]
        let file = if let kept { kept } else { SharedDescriptor(try MemoryFile.create("swpm-state")) }
        if kept == nil { keeper.deposit(key: Recollection.key, file) }
        pages = TwoPages(file)
        self.tell = tell
    }

    func write(_ bytes: [UInt8]) {
        do throws(SystemError) {
            Fault.point()
            try pages.write(bytes)
            Fault.point()
            hasComplained = false
        } catch {
            if !hasComplained {
                tell("\(error): a daemon that is killed now would be missed for as long as the disk takes")
            }
            hasComplained = true
        }
    }

    /// What a daemon before wrote last; nil: none has.
    static func read(_ found: [String: SharedDescriptor]) -> [UInt8]? {
        // Memory that cannot be read is as good as none: there is the disk.
        found[key].flatMap { try? TwoPages($0).read() }
    }
}
