internal import Glibc

/// A directory of a test's own, gone with everything in it when the test ends.
///
/// `SWPM_KEEP=1` keeps it, to look at the remains. What must be undone besides (a program to end, a mount to
/// undo) is registered with `atEnd` and undone last in, first out, whatever happened to the test.
public final class Scratch: @unchecked Sendable {
    /// Absolute, short enough for a Unix socket below it.
    public let path: String
    private var endings: [() -> Void] = []
    private var isOpen = true

    /// Registers nothing and creates `/tmp/swpm-test-XXXXXX`, traversable for other users, writable for none.
    public init() {
        var template = Array("/tmp/swpm-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("cannot create a scratch directory: \(reason())") }
        path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        chmod(path, 0o755)
    }

    deinit { end() }

    /// Runs `body` with a scratch directory that lives exactly as long.
    public static func with<Result>(_ body: (Scratch) throws -> Result) rethrows -> Result {
        let scratch = Scratch()
        defer { scratch.end() }
        return try body(scratch)
    }

    /// To be done when the test ends, before anything that was registered earlier.
    public func atEnd(_ action: @escaping () -> Void) { endings.append(action) }

    /// Undoes everything, once.
    public func end() {
        guard isOpen else { return }
        isOpen = false
        while let last = endings.popLast() { last() }
        if environment("SWPM_KEEP") == nil {
            removeTree(path)
        } else {
            writeAll(2, "kept: \(path)\n")
        }
    }
}

// MARK: - Files below

extension Scratch {
    /// The path of a name below the directory; creates nothing.
    public func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, with the directories it needs, and names it.
    @discardableResult
    public func file(_ name: String, _ text: String, mode: UInt32 = 0o644) -> String {
        let target = path(name)
        makeDirectories(parent(of: target))
        writeFile(target, text)
        chmod(target, mode)
        return target
    }

    /// Makes a directory, with its parents, and names it.
    @discardableResult
    public func directory(_ name: String, mode: UInt32 = 0o755) -> String {
        let target = path(name)
        makeDirectories(target)
        chmod(target, mode)
        return target
    }
}
