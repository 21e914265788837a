import Glibc
import Linux
import Support
import Testing

@Suite struct TellingServiceManagers {
    @Test func `what is told arrives, at an abstract name and at a path`() throws {
        let name = "swpm-test/\(getpid())/manager"
        let socket = try DatagramSocket.bind(abstract: name)
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": "@\(name)"], process: 1))
        manager.tell("READY=1", "STATUS=up")
        let datagram = try eventually { try socket.receiveDatagram(atMost: 100) }
        #expect(String(decoding: datagram.bytes, as: UTF8.self) == "READY=1\nSTATUS=up")
        #expect(datagram.process == getpid())
    }

    @Test func `nobody who listens is no reason to stop`() {
        Scratch.with { scratch in
            let nobody = ServiceManager(environment: ["NOTIFY_SOCKET": scratch.path("none")], process: 1)
            nobody?.tell("READY=1")
            #expect(nobody != nil)
            let long = ServiceManager(
                environment: ["NOTIFY_SOCKET": "/" + String(repeating: "x", count: 300)], process: 1)
            long?.tell("READY=1")
        }
    }

    @Test func `only a socket is a manager, and only our own watchdog is ours`() {
        #expect(ServiceManager(environment: [:], process: 1) == nil)
        #expect(ServiceManager(environment: ["NOTIFY_SOCKET": "vsock:2:3"], process: 1) == nil)
        func watchdog(_ more: [String: String]) -> Int64? {
            ServiceManager(environment: more.merging(["NOTIFY_SOCKET": "@x"]) { $1 }, process: 7)?.watchdog
        }
        #expect(watchdog([:]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "60000000"]) == 60_000_000_000)
        #expect(watchdog(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"]) == 60_000_000_000)
        #expect(watchdog(["WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "0"]) == nil)
        #expect(watchdog(["WATCHDOG_USEC": "\(Int64.max)"]) == nil)
    }

    @Test func `a short program is heard to its end`() throws {
        let path = ["PATH=/usr/bin:/bin"]
        let both = try ShortProgram.run(
            "sh", ["-c", "echo out; echo err >&2; exit 3"], environment: path, withErrors: true)
        #expect(both.code == 3 && both.output == "out\nerr\n")
        let killed = try ShortProgram.run("sh", ["-c", "kill -9 $$"], environment: path)
        #expect(killed.code == 137 && killed.output.isEmpty)
        #expect(throws: SpawnError.self) { try ShortProgram.run("/no/such", [], environment: path) }
    }
}
