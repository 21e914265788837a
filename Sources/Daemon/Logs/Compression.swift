internal import Linux
internal import Supervision

/// A log that a program is making smaller.
///
/// The program writes a draft, which gets its name when it is complete and on disk; only then the log itself goes. So
/// whoever dies in between leaves one whole file, and a draft that is thrown away.
struct Compression {
    let program: LogCompression
    let draft: String
    let handle: SharedDescriptor
    private let source: String
    private let output: SharedDescriptor
    private let process: Int32

    static let draftExtension = ".part"

    init(_ source: String, _ program: LogCompression) throws {
        self.source = source
        self.program = program
        draft = "\(source).\(program.fileExtension)\(Compression.draftExtension)"
        let input = try File.open(source)
        let nothing = try File.open("/dev/null", .readAndWrite)
        try File.remove(draft)
        output = SharedDescriptor(
            try File.open(draft, [.write, .create, .exclusive], mode: try input.status().mode))
        var request = SpawnRequest(
            program: program.rawValue, arguments: ["-c"],
            environment: ["PATH=\(ThisProcess.variable("PATH") ?? "/usr/local/bin:/usr/bin:/bin")"])
        request.descriptors = [
            .init(input.number, as: 0), .init(output.number, as: 1), .init(nothing.number, as: 2),
        ]
        request.priority = 19
        do {
            let child = try spawn(request)
            process = child.process
            handle = SharedDescriptor(child.release())
        } catch {
            try? File.remove(draft)
            throw error
        }
    }

    /// The program has ended; returns why it did not do its work, if so.
    func finish() throws(SystemError) -> String? {
        guard let reaped = try Processes.reap(process), reaped.end == .code(0) else {
            try File.remove(draft)
            return "\(program.rawValue) failed on \(source)"
        }
        // Removed in the meantime: then this is not wanted either.
        guard try File.status(source) != nil else {
            try File.remove(draft)
            return nil
        }
        try output.descriptor.synchronize()
        try File.rename(draft, to: String(draft.dropLast(Compression.draftExtension.utf8.count)))
        try File.remove(source)
        return nil
    }

    /// The daemon ends, and the next one begins anew.
    func breakOff() {
        // It has ended by itself, or the draft is gone: both are as good.
        _ = try? Processes.signal(Signals.kill, through: handle.number)
        try? File.remove(draft)
    }
}
