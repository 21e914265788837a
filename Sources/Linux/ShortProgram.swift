internal import CLinux
internal import Glibc

/// A program that ends soon: run, waited for, and heard.
public struct ShortProgram: Sendable {
    /// Its exit code, or 128 and the number of the signal that ended it.
    public var code: Int32
    /// What it printed, at most a megabyte.
    public var output: String

    /// Returns when it has ended (waitpid(2)). What it complains about is heard too if `withErrors`.
    public static func run(
        _ program: String, _ arguments: [String], environment: [String], withErrors: Bool = false
    ) throws(SpawnError) -> ShortProgram {
        var ends: [Int32] = [-1, -1]
        let result = clinux_pipe(&ends, 0)
        guard result >= 0 else { throw SpawnError(.descriptors, "1", code: -result) }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        var request = SpawnRequest(program: program, arguments: arguments, environment: environment)
        request.descriptors = [SpawnRequest.Inheritance(writing.number, as: 1)]
        if withErrors { request.descriptors.append(SpawnRequest.Inheritance(writing.number, as: 2)) }
        let child = try spawn(request)
        drop(writing)
        let bytes = hear(reading)
        var status: Int32 = 0
        while waitpid(child.process, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return ShortProgram(
            code: signal == 0 ? status >> 8 & 0xff : 128 + signal,
            output: String(decoding: bytes, as: UTF8.self))
    }

    private static func hear(_ reading: borrowing Descriptor) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 1 << 20 {
            let count = read(reading.number, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return bytes
    }
}

private func drop(_ descriptor: consuming Descriptor) {}
