internal import Linux

/// A thread that does one kind of work, in the order it was asked for, so that the loop need not wait for it.
final class Worker<Job: Sendable>: Sendable {
    private let jobs: Mailbox<Job>
    private let thread: Thread

    /// `work` gets everything that has gathered, and after a pause that it asks for, if that be nothing.
    init(name: String, _ work: @escaping @Sendable ([Job]) -> WorkerTurn) throws(SystemError) {
        let jobs = try Mailbox<Job>()
        self.jobs = jobs
        let poller = try Poller()
        try poller.add(jobs.number, token: 0, for: .readable)
        let shared = Shared(poller)
        thread = try Thread.start(name: name) {
            var turn = WorkerTurn.wait
            while turn != .end {
                // Only a mistake of ours could make waiting fail; the loop then misses the worker's answers.
                _ = try? shared.poller.wait(atMost: turn == .wait ? nil : workerPause)
                turn = work(jobs.take())
            }
        }
    }

    func order(_ job: Job) {
        jobs.send(job)
    }

    /// Waits for the thread's end, which the last job must have asked for.
    func join() {
        thread.join()
    }

    /// A closure cannot own what may not be copied.
    private final class Shared: Sendable {
        let poller: Poller
        init(_ poller: consuming Poller) { self.poller = poller }
    }
}

/// Before something is tried again.
private let workerPause = Duration.seconds(1)

/// What a worker does when it has done what there was.
enum WorkerTurn {
    case wait
    /// Something has to be tried again, however little there is to do.
    case tryAgain
    case end
}
