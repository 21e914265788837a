internal import CLinux
internal import Glibc

/// Programs as files that can be executed (elf(5), execve(2)).
public enum Image {
    /// What the linker derived from the content of the running program, in hexadecimal: two builds have the same only
    /// if they are the same. Empty where it was told not to.
    public static let buildID: String = {
        var bytes = [UInt8](repeating: 0, count: 6)
        let length = Int(clinux_build_id(&bytes, bytes.count))
        let digits = Array("0123456789abcdef".utf8)
        let text = bytes.prefix(length).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }()

    /// The running program's own file, whatever has become of its path.
    public static func own() throws(SystemError) -> Descriptor { try File.open("/proc/self/exe") }

    /// For which machine a program was built: word size, byte order and processor. Nil: it is no program.
    public static func machine(of file: borrowing Descriptor) throws(SystemError) -> [UInt8]? {
        let header = try file.read(at: 0, atMost: 20)
        guard header.count == 20, header.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return nil }
        return Array(header[4...5] + header[18...19])
    }

    /// Becomes this program: same process, same children, same descriptors as far as they are inherited
    /// (fexecve(3)). If it returns, that is why not.
    public static func become(
        _ program: Int32, name: String, arguments: [String], environment: [String]
    ) -> SystemError {
        let words = CStrings([name] + arguments)
        let variables = CStrings(environment)
        let result = clinux_become(program, words.constant, variables.constant)
        return SystemError("become another program", code: -result)
    }
}
