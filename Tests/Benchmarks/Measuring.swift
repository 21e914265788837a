import Glibc
import Linux
import Support

func median(_ values: [Int64]) -> Int64 {
    values.isEmpty ? 0 : values.sorted()[values.count / 2]
}

/// Runs a command so many times and gives the median of its wall clock time, from spawn to reaped.
func time(_ words: [String], _ environment: [String], times: Int) throws -> Int64 {
    let null = SharedDescriptor(Descriptor(owning: open("/dev/null", O_RDWR | O_CLOEXEC)))
    var took: [Int64] = []
    for _ in 0..<times {
        var request = SpawnRequest(
            program: words[0], arguments: Array(words.dropFirst()), environment: environment)
        request.descriptors = [0, 1, 2].map { SpawnRequest.Inheritance(null.number, as: $0) }
        let began = Clock.monotonic()
        let process = try spawn(request).process
        var status: Int32 = 0
        waitpid(process, &status, 0)
        took.append(Clock.monotonic() - began)
        guard status == 0 else { throw NeverHappened(description: "\(words) ended with \(status)") }
    }
    return median(took)
}

/// What processes hold in memory: resident, and theirs alone (proc_pid_smaps_rollup, proc(5)).
struct Memory {
    var resident = 0
    var own = 0

    init(of processes: [Int32]) {
        for process in processes {
            for line in (readFile("/proc/\(process)/smaps_rollup") ?? "").split(separator: "\n") {
                let words = line.split(separator: " ")
                guard words.count >= 2, let kilobytes = Int(words[1]) else { continue }
                if words[0] == "Rss:" { resident += kilobytes * 1024 }
                if words[0] == "Private_Clean:" || words[0] == "Private_Dirty:" { own += kilobytes * 1024 }
            }
        }
    }
}

/// How often the threads of these processes were woken, so far.
func wakeups(of processes: [Int32]) -> Int {
    processes.flatMap { process in
        names(in: "/proc/\(process)/task").map { "/proc/\(process)/task/\($0)/status" }
    }
    .compactMap { readFile($0) }.flatMap { $0.split(separator: "\n") }
    .filter { $0.hasPrefix("voluntary_ctxt_switches") }
    .compactMap { Int($0.split(separator: "\t").last ?? "") }.reduce(0, +)
}

/// The processor time of these processes, their waited-for children included, in nanoseconds.
func processorTime(of processes: [Int32]) -> Int64 {
    let tick = Int64(1_000_000_000) / Int64(sysconf(Int32(_SC_CLK_TCK)))
    return processes.compactMap { readFile("/proc/\($0)/stat") }.map { text in
        let fields = text[text.index(after: text.lastIndex(of: ")")!)...].split(separator: " ")
        return fields[11...14].compactMap { Int64($0) }.reduce(0, +) * tick
    }.reduce(0, +)
}

/// The stamps in a file: who started, and when.
func stamps(_ file: String) -> [(process: Int32, at: Int64)] {
    (readFile(file) ?? "").split(separator: "\n").compactMap { line in
        let words = line.split(separator: " ")
        guard words.count == 2, let process = Int32(words[0]), let at = Int64(words[1]) else { return nil }
        return (process, at)
    }
}

/// Kills some of the processes one after the other, and gives the median time until each one's replacement runs.
func timeOfReplacement(_ stampFile: String, among processes: [Int32]) throws -> Int64 {
    var took: [Int64] = []
    for victim in processes {
        let before = stamps(stampFile).count
        let killed = Clock.monotonic()
        kill(victim, SIGKILL)
        try eventually(within: .seconds(20), "a replacement") { stamps(stampFile).count > before }
        took.append(stamps(stampFile)[before].at - killed)
    }
    return median(took)
}

/// Where the measured programs live; compiled here, because the fewer instructions the better.
struct Yard {
    let scratch = Scratch()
    var stamp: String { scratch.path("stamp") }
    var stamps: String { scratch.path("stamps") }

    init() throws {
        let build = Command("clang", ["-O2", "-static", "-o", stamp, "\(Programs.fixtures)/c/stamp.c"])
        let finished = try build.run()
        guard finished.succeeded else { throw NeverHappened(description: "\(finished)") }
    }
}
