/// A log that somebody writes a line to now and then: whole files are put aside when it has grown, and the oldest goes.
public struct BoundedLog: Sendable {
    public let path: String
    /// In bytes; a file is as much longer as the last lines are.
    let limit: Int64
    /// Files that were put aside: `daemon.log.1` is the newest.
    let kept: Int

    public init(_ path: String, limit: Int64 = 10 << 20, kept: Int = 3) {
        self.path = path
        self.limit = limit
        self.kept = kept
    }

    /// Adds to it; true: to a new file, because the one before was full.
    @discardableResult
    public func append(_ bytes: [UInt8]) throws(SystemError) -> Bool {
        let isNew = putAside()
        try File.append(bytes, to: path)
        return isNew
    }

    /// For a stream that goes on to write by itself (open(2), O_APPEND).
    public func open() throws(SystemError) -> Descriptor {
        putAside()
        return try File.open(path, [.write, .create, .append], mode: 0o600)
    }

    /// False: it has room. What cannot be renamed grows on: better too long than lost.
    @discardableResult
    private func putAside() -> Bool {
        guard let status = try? File.status(path), status.size >= limit else { return false }
        for age in stride(from: kept - 1, to: 0, by: -1) {
            // There may not be so many yet.
            try? File.rename("\(path).\(age)", to: "\(path).\(age + 1)")
        }
        return (try? File.rename(path, to: "\(path).1")) != nil
    }
}
