internal import Linux
internal import Supervision

/// A compressed file, read through the program that made it.
///
/// A class, because it ends the program when nobody wants more.
final class Decompression {
    private let process: Int32
    private let handle: SharedDescriptor
    private let output: SharedDescriptor
    private let poller: Poller
    private var isOver = false
    /// It ended with an error: the file is not whole.
    private(set) var hasFailed = false

    private static let pipeCapacity = 1 << 20

    init(_ compression: LogCompression, of file: borrowing Descriptor) throws(SpawnError) {
        do throws(SystemError) {
            let pipe = try Pipe()
            let nowhere = try File.open("/dev/null", .write)
            var request = SpawnRequest(program: compression.rawValue, arguments: ["-dc"])
            request.environment = ["PATH=" + (ThisProcess.variable("PATH") ?? "/usr/bin:/bin"), "LC_ALL=C"]
            request.descriptors = [
                .init(file.number, as: 0), .init(pipe.writer.number, as: 1), .init(nowhere.number, as: 2),
            ]
            // More at a time where the kernel allows it.
            _ = try? pipe.reader.setPipeCapacity(Decompression.pipeCapacity)
            let started = try Decompression.start(request)
            process = started.process
            handle = SharedDescriptor(started.release())
            output = SharedDescriptor(pipe.keepReader())
            poller = try Poller()
            try poller.add(output.number, token: 0, for: .readable)
        } catch {
            throw SpawnError(.program, compression.rawValue, code: error.code)
        }
    }

    deinit {
        guard !isOver else { return }
        // It may have ended by itself already.
        _ = try? Processes.signal(Signals.kill, through: handle.number)
        reap()
    }

    private static func start(_ request: SpawnRequest) throws(SystemError) -> SpawnedProcess {
        do throws(SpawnError) {
            return try spawn(request)
        } catch {
            throw SystemError("run \(request.program)", code: error.code)
        }
    }

    /// What comes next; empty at the end.
    func read(atMost count: Int) -> [UInt8] {
        while !isOver {
            do throws(SystemError) {
                if let bytes = try output.descriptor.read(atMost: count) {
                    if bytes.isEmpty { reap() }
                    return bytes
                }
                _ = try poller.wait(atMost: nil)
            } catch {
                hasFailed = true
                return []
            }
        }
        return []
    }

    private func reap() {
        isOver = true
        guard let end = try? Poller() else { return }
        _ = try? end.add(handle.number, token: 0, for: .readable)
        _ = try? end.wait(atMost: .seconds(5))
        if let reaped = try? Processes.reap(process), reaped.end != .code(0) { hasFailed = true }
    }
}
