internal import Glibc

/// The whole file as text; nil where there is none. What is not UTF-8 is repaired.
public func readFile(_ path: String) -> String? {
    readBytes(path).map { String(decoding: $0, as: UTF8.self) }
}

/// The whole file; nil where it cannot be opened.
public func readBytes(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

/// Writes the file as a whole; a test that cannot write its own file cannot go on.
public func writeFile(_ path: String, _ text: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { fatalError("cannot write \(path): \(reason())") }
    defer { close(descriptor) }
    writeAll(descriptor, text)
}

public func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

public func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

/// The size in bytes; nil where there is no such file.
public func fileSize(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
}

/// The names in a directory, sorted, without `.` and `..`; none where it cannot be read.
public func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
}

public func makeDirectories(_ path: String) {
    guard !path.isEmpty, !exists(path) else { return }
    makeDirectories(parent(of: path))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { fatalError("cannot create \(path): \(reason())") }
}

/// Removes a file or a directory with all that is in it. Symbolic links are removed, never followed.
public func removeTree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR {
        for name in names(in: path) { removeTree("\(path)/\(name)") }
        rmdir(path)
    } else {
        unlink(path)
    }
}

/// Copies a file with its mode.
public func copyFile(_ source: String, to target: String) {
    guard let bytes = readBytes(source) else { fatalError("cannot read \(source)") }
    var status = stat()
    stat(source, &status)
    let descriptor = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
    guard descriptor >= 0 else { fatalError("cannot write \(target): \(reason())") }
    defer { close(descriptor) }
    writeAll(descriptor, bytes)
    fchmod(descriptor, status.st_mode & 0o777)
}

/// Gives a tree to a user and his group.
public func giveTree(_ path: String, to user: UInt32) {
    lchown(path, user, user)
    for name in names(in: path) { giveTree("\(path)/\(name)", to: user) }
}

public func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

public func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}

func writeAll(_ descriptor: Int32, _ text: String) { writeAll(descriptor, Array(text.utf8)) }

func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes {
            write(descriptor, $0.baseAddress! + written, bytes.count - written)
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return }
        written += count
    }
}

func reason() -> String { String(cString: strerror(errno)) }
