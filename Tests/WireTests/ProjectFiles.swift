import Glibc

/// The text of a file of this repository, by its path from the top.
func projectText(_ path: String) throws -> String {
    let full = projectPath(path)
    guard let file = fopen(full, "r") else { throw MissingFile(path: full) }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}

func writeProjectText(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(projectPath(path), "w") else { throw MissingFile(path: path) }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw MissingFile(path: path) }
}

var writesGolden: Bool { getenv("SWPM_WRITE_GOLDEN") != nil }

private func projectPath(_ path: String, from here: String = #filePath) -> String {
    "/\(here.split(separator: "/").dropLast(3).joined(separator: "/"))/\(path)"
}

struct MissingFile: Error { var path: String }

func exampleText() throws -> String { try projectText("ecosystem.example.json") }
