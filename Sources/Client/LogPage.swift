internal import Linux
internal import Supervision

/// One file of a log, open, and read from front to back.
///
/// A class, because it owns open files and the place in them.
final class LogPage {
    let part: LogPart
    let status: FileStatus
    private let file: SharedDescriptor
    private var program: Decompression?
    /// When its bytes were written, if anything tells.
    private(set) var times: LogTimes?
    private(set) var position: Int64 = 0
    /// What stood just before the position when it was read.
    private var witness: [UInt8] = []

    /// Lines of a log are hardly ever the same at the same place for so long.
    private static let witnessLength = 64

    /// Why a file is not read.
    enum Obstacle: Error {
        /// It has gone meanwhile.
        case gone
        case other(String)
    }

    init(_ part: LogPart) throws(Obstacle) {
        do throws(SystemError) {
            let file = SharedDescriptor(try File.open(part.path, .nonBlocking))
            status = try file.descriptor.status()
            self.file = file
            self.part = part
        } catch {
            throw error.isMissing ? .gone : .other("\(error)")
        }
        // A pipe or a terminal has no past, and reading would take from others.
        guard status.kind == .file else { throw .gone }
        times = LogTimes(part.index, inode: part.rotated?.compression == nil ? status.inode : nil)
    }

    var isCompressed: Bool { part.rotated?.compression != nil }

    /// How much of it there is; nil of what is compressed.
    var size: Int64? { isCompressed ? nil : try? file.descriptor.size() }

    /// Goes to a place behind the present one. Before it of what is compressed everything is read and thrown away.
    func skip(to place: Int64) throws(Obstacle) {
        guard isCompressed else {
            position = place
            return
        }
        while position < place {
            guard try !read(atMost: Int(min(place - position, 256 << 10))).isEmpty else { return }
        }
    }

    /// It was emptied since, and perhaps written again to its old size and beyond.
    var isRewritten: Bool {
        guard !isCompressed, let size else { return false }
        let start = position - Int64(witness.count)
        return size < position || bytes(at: start, count: witness.count) != witness
    }

    /// To the beginning, after it was emptied.
    func rewind() {
        position = 0
        witness = []
        times = nil
    }

    /// What comes next; empty at the end, for now.
    func read(atMost count: Int) throws(Obstacle) -> [UInt8] {
        let bytes: [UInt8]
        if let compression = part.rotated?.compression {
            bytes = try decompressed(compression).read(atMost: count)
        } else {
            do throws(SystemError) {
                bytes = try file.descriptor.read(at: position, atMost: count)
            } catch {
                throw .other("\(error)")
            }
        }
        position += Int64(bytes.count)
        if !bytes.isEmpty {
            witness = bytes.suffix(LogPage.witnessLength)
            refreshTimes()
        }
        return bytes
    }

    /// The live file may get its index later than we come.
    private func refreshTimes() {
        if let times {
            times.refresh()
        } else if part.rotated == nil {
            times = LogTimes(part.index, inode: status.inode)
        }
    }

    /// Bytes anywhere in a file that is not compressed.
    func bytes(at place: Int64, count: Int) -> [UInt8] {
        (try? file.descriptor.read(at: place, atMost: count)) ?? []
    }

    /// Where the last lines before a place begin, in a file that is not compressed; nil: before it.
    func start(ofLast missing: inout Int, before end: Int64) -> Int64? {
        (try? file.descriptor.start(ofLast: &missing, before: end)) ?? nil
    }

    /// What is compressed could not be read to its end.
    var isDamaged: Bool { program?.hasFailed ?? false }

    /// When it was last written.
    var modified: Int64 { (try? file.descriptor.status().modified) ?? status.modified }

    /// What is at the log's path now.
    enum Successor {
        /// This very file.
        case none
        /// Nothing (yet).
        case missing
        case other
    }

    var successor: Successor {
        guard let now = (try? File.status(part.log)) ?? nil else { return .missing }
        return now.isSameFile(as: status) ? .none : .other
    }

    private func decompressed(_ compression: LogCompression) throws(Obstacle) -> Decompression {
        if let program { return program }
        do throws(SpawnError) {
            let started = try Decompression(compression, of: file.descriptor)
            program = started
            return started
        } catch {
            throw .other("\(error)")
        }
    }
}
