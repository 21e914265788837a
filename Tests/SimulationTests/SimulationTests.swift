import Glibc
import Testing
import World

@Suite struct Simulating {
    /// `make test` lives two hundred with the release build, too.
    @Test func `twenty lives keep every invariant`() {
        for seed in UInt64(1)...20 {
            let life = Life(seed: seed)
            guard life.violation == nil else {
                Issue.record(Comment(rawValue: life.report()))
                return
            }
        }
    }

    /// Swift seeds its hash tables anew in each process: an order taken from one shows here.
    @Test func `the same seeds give the same histories in another process`() throws {
        let first = try digest()
        #expect(first.count > 8)
        #expect(try digest() == first)
    }

    /// What `simulate --digest` prints. It lies beside the tests.
    private func digest() throws -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        var beside = String(
            decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The tests are a library, run by the toolchain's helper or by an executable of their own.
        for argument in CommandLine.arguments where argument.contains(".xctest") { beside = argument }
        let folder = beside.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/")
        let pipe = try #require(popen("'\(folder)/simulate' --seeds 20 --digest", "r"))
        defer { pclose(pipe) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, Int32(line.count), pipe) != nil else { return "" }
        return String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
