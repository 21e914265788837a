internal import Linux

/// A thread that does one kind of work, in the order it was asked for, so that the loop need not wait for it.
final class Worker<Job: Sendable>: Sendable {
    private let jobs: Mailbox<Job>
    private let thread: Thread

    /// `work` gets everything that has gathered; it returns false to end the thread.
    init(name: String, _ work: @escaping @Sendable ([Job]) -> Bool) throws(SystemError) {
        let jobs = try Mailbox<Job>()
        self.jobs = jobs
        let poller = try Poller()
        try poller.add(jobs.number, token: 0, for: .readable)
        let shared = Shared(poller)
        thread = try Thread.start(name: name) {
            repeat {
                // Only a mistake of ours could make waiting fail; the loop then misses the worker's answers.
                _ = try? shared.poller.wait(atMost: nil)
            } while work(jobs.take())
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
