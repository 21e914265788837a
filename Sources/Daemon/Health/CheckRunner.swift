internal import Linux
internal import Supervision

/// Runs commands that check an instance: as the instance's user, in its directory and environment.
///
/// They are the daemon's own children, and end with their check: who takes too long is killed, with everything below
/// it. The thread that starts them (an exec can wait for a disk) is there from the first such check on.
final class CheckRunner {
    private let watches: Watches
    private var bench: Bench?
    private var commands: [UInt64: CommandCheck] = [:]
    private var nextNumber: UInt64 = 1

    private struct Bench {
        let worker: Worker<CheckJob>
        let outcomes: Mailbox<CheckOutcome>
    }

    init(watches: Watches) {
        self.watches = watches
    }

    func run(
        _ job: SpawnJob, _ words: [String], output: SharedDescriptor, until deadline: Instant,
        then tell: @escaping (CheckResult?) -> Void
    ) throws(SystemError) -> CommandCheck {
        let bench = try openBench()
        let number = nextNumber
        nextNumber += 1
        let command = CommandCheck(output: output, until: deadline, watches, tell: tell) { [unowned self] in
            commands[number] = nil
        }
        commands[number] = command
        bench.worker.order(CheckJob(number: number, words: words, job: job))
        return command
    }

    private func openBench() throws(SystemError) -> Bench {
        if let bench { return bench }
        let outcomes = try Mailbox<CheckOutcome>()
        let environments = DecodedEnvironment()
        let worker = try Worker<CheckJob>(name: "checks") { jobs in
            for job in jobs { outcomes.send(job.carryOut(environments)) }
            return .wait
        }
        _ = try watches.watch(outcomes.number, for: .readable) { [unowned self] _ in
            for outcome in outcomes.take() { commands[outcome.number]?.began(outcome.result) }
        }
        let bench = Bench(worker: worker, outcomes: outcomes)
        self.bench = bench
        return bench
    }
}

/// One command to run, on the thread that starts them.
private struct CheckJob: Sendable {
    var number: UInt64
    var words: [String]
    var job: SpawnJob

    func carryOut(_ environments: DecodedEnvironment) -> CheckOutcome {
        do {
            return CheckOutcome(
                number: number, result: .success(try job.carryOut(check: words, environments)))
        } catch {
            let code = (error as? SpawnError)?.code ?? (error as? SystemError)?.code ?? 0
            let isShortage = SystemError("", code: code).isShortage
            let refusal = CheckRefusal(result: isShortage ? nil : .failed("\(error)"))
            return CheckOutcome(number: number, result: .failure(refusal))
        }
    }
}

private struct CheckOutcome: Sendable {
    var number: UInt64
    var result: Result<CheckProcess, CheckRefusal>
}

struct CheckRefusal: Error {
    var result: CheckResult?
}

/// A command that runs, with what means it and no later process of its number.
struct CheckProcess: Sendable {
    var process: Int32
    var handle: SharedDescriptor
}

/// One run of a command.
final class CommandCheck: Examination {
    /// Of what it prints the end is kept.
    static let wordsLimit = 200

    private let output: SharedDescriptor
    private let deadline: Instant
    private let watches: Watches
    private var tell: ((CheckResult?) -> Void)?
    private let forget: () -> Void
    private var running: CheckProcess?
    private var endWatch: Watch?
    private var outputWatch: Watch?
    private var words: [UInt8] = []

    init(
        output: SharedDescriptor, until deadline: Instant, _ watches: Watches,
        tell: @escaping (CheckResult?) -> Void, forget: @escaping () -> Void
    ) {
        self.output = output
        self.deadline = deadline
        self.watches = watches
        self.tell = tell
        self.forget = forget
    }

    var nextLook: Instant? { tell == nil ? nil : deadline }

    func look(at now: Instant) {
        guard now >= deadline else { return }
        finish(.failed("the command took too long"))
        kill()
    }

    func breakOff() {
        tell = nil
        kill()
    }

    /// The thread has started it, or not.
    func began(_ result: Result<CheckProcess, CheckRefusal>) {
        switch result {
        case .failure(let refusal):
            finish(refusal.result)
            forget()
        case .success(let process):
            running = process
            do throws(SystemError) {
                endWatch = try watches.watch(process.handle.number, for: .readable) { [unowned self] _ in
                    ended()
                }
                outputWatch = try watches.watch(output.number, for: .readable) { [unowned self] _ in hear() }
            } catch {
                finish(CheckResult(error))
            }
            if tell == nil { kill() }
        }
    }

    private func finish(_ result: CheckResult?) {
        guard let tell else { return }
        self.tell = nil
        tell(result)
    }

    /// With everything below it; its number is its own until it is reaped.
    private func kill() {
        guard let running else { return }
        for process in [running.process] + ProcFS.descendants(of: running.process) {
            // Not there any more: that is as good.
            _ = try? Signals.send(Signals.kill, to: process)
        }
    }

    /// As much as a pipe holds at once: who never stops talking must not hold the loop. What is left stirs again.
    private func hear() {
        for _ in 0..<16 {
            guard let bytes = try? output.descriptor.read(atMost: 4096) else { return }
            words = Array((words + bytes).suffix(4 * CommandCheck.wordsLimit))
            guard bytes.isEmpty else { continue }
            if let outputWatch { watches.remove(outputWatch) }
            outputWatch = nil
            return
        }
    }

    private func ended() {
        guard let running, let reaped = try? Processes.reap(running.process) else { return }
        hear()
        for watch in [endWatch, outputWatch] { if let watch { watches.remove(watch) } }
        (endWatch, outputWatch) = (nil, nil)
        self.running = nil
        switch reaped.end {
        case .code(0): finish(.passed)
        case .code(let code): finish(.failed("the command exited with \(code)\(lastLine)"))
        case .signal(let number):
            finish(.failed("the command was ended by \(Signal(number: number))\(lastLine)"))
        }
        forget()
    }

    private var lastLine: String {
        let lines = words.split { $0 == 0x0A || $0 == 0x0D }
        guard let last = lines.last else { return "" }
        return ": " + String(decoding: last.prefix(CommandCheck.wordsLimit), as: UTF8.self)
    }
}
