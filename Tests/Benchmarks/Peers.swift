import Glibc
import Linux
import Support

/// Another supervisor, told to run the same hundred processes.
private struct Peer: Sendable {
    var name: String
    /// Writes what it reads, and gives the command that runs it in the foreground.
    var prepare: @Sendable (Yard) -> [String]
    var status: @Sendable (Yard) -> [String]
    /// Whether a process is one of its own, and not one of those it runs.
    var owns: @Sendable (ProcessFacts) -> Bool
}

private let count = 100

func measurePeers(_ table: inout Table) throws {
    for peer in [supervisor, s6, runit] {
        let yard = try Yard()
        defer { yard.scratch.end() }
        guard try Command("sh", ["-c", "command -v \(peer.prepare(yard)[0])"]).run().succeeded else {
            table.note("\(peer.name) is not installed")
            continue
        }
        try measure(peer, yard, &table)
    }
}

private func measure(_ peer: Peer, _ yard: Yard, _ table: inout Table) throws {
    let words = peer.prepare(yard)
    let began = Clock.monotonic()
    var command = Command(words[0], Array(words.dropFirst()))
    command.environment[mark] = yard.scratch.path
    let running = try command.start()
    defer { endAll(running, yard) }
    try eventually(within: .seconds(60), "a hundred processes under \(peer.name)") {
        stamps(yard.stamps).count >= count
    }
    let last = stamps(yard.stamps).map(\.at).max() ?? 0
    table.add(Lines.start, milliseconds(last - began), of: peer.name)
    usleep(2_000_000)
    let own = runningProcesses().filter { facts in
        facts.id == running.process
            || (facts.session == running.process || facts.parent == running.process) && peer.owns(facts)
    }
    let memory = Memory(of: own.map(\.id))
    table.add(Lines.resident, megabytes(memory.resident), of: peer.name)
    table.add(Lines.own, megabytes(memory.own), of: peer.name)
    let status = try time(peer.status(yard), ["PATH=/usr/local/bin:/usr/bin:/bin"], times: 5)
    table.add(Lines.status, milliseconds(status), of: peer.name)
    let victims = stamps(yard.stamps).prefix(7).map(\.process)
    let replacement = try timeOfReplacement(yard.stamps, among: victims)
    table.add(Lines.replacement, milliseconds(replacement), of: peer.name)
}

private let mark = "SUPERVISED_YARD"

/// Ends the peer and everything below it, whatever session it has moved to and whoever starts it again.
private func endAll(_ running: Running, _ yard: Yard) {
    _ = try? running.stop(SIGKILL)
    _ = try? eventually(within: .seconds(10), "the end of all") {
        let left = processes(with: mark, yard.scratch.path).filter { $0.state != "Z" }
        for facts in left { kill(facts.id, SIGKILL) }
        return left.isEmpty
    }
}

private let supervisor = Peer(
    name: "supervisor",
    prepare: { yard in
        let file = yard.scratch.file(
            "supervisord.conf",
            """
            [supervisord]
            nodaemon=true
            logfile=/dev/null
            logfile_maxbytes=0
            pidfile=\(yard.scratch.path("pid"))
            [unix_http_server]
            file=\(yard.scratch.path("socket"))
            [rpcinterface:supervisor]
            supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
            [supervisorctl]
            serverurl=unix://\(yard.scratch.path("socket"))
            [program:p]
            command=\(yard.stamp) \(yard.stamps)
            process_name=%(process_num)d
            numprocs=\(count)
            startsecs=0
            autorestart=true
            stdout_logfile=NONE
            stderr_logfile=NONE
            """)
        return ["supervisord", "-c", file]
    },
    status: {
        ["sh", "-c", "supervisorctl -c \($0.scratch.path("supervisord.conf")) status >/dev/null || true"]
    },
    owns: { $0.command.contains { $0.hasSuffix("supervisord") } })

private let s6 = Peer(
    name: "s6", prepare: { ["s6-svscan", services($0)] },
    status: { ["sh", "-c", "for s in \(services($0))/*; do s6-svstat $s; done >/dev/null"] },
    owns: { $0.command.first?.hasPrefix("s6-") ?? false })

private let runit = Peer(
    name: "runit", prepare: { ["runsvdir", services($0)] },
    status: { ["sh", "-c", "sv status \(services($0))/* >/dev/null"] },
    owns: { $0.command.first?.hasPrefix("runsv") ?? false })

/// A directory for each process, with the script that becomes it.
private func services(_ yard: Yard) -> String {
    let folder = yard.scratch.path("services")
    if !exists(folder) {
        for number in 0..<count {
            yard.scratch.file(
                "services/\(number)/run", "#!/bin/sh\nexec \(yard.stamp) \(yard.stamps)\n", mode: 0o755)
        }
    }
    return folder
}
