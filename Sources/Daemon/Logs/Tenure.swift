internal import Linux
internal import Synchronization

/// The right of one thread to be the pump, and since when it has been waiting for an answer of the kernel.
///
/// A class, because the thread that has it and the one that stands by share it.
final class Tenure: Sendable, Equatable {
    /// When what is being attempted began; 0: nothing is; -1: the thread was given up.
    private let began = Atomic<Int64>(0)

    static func == (left: Tenure, right: Tenure) -> Bool { left === right }

    var isOver: Bool { began.load(ordering: .acquiring) < 0 }

    /// Since when something has been attempted.
    var busySince: Int64? {
        let since = began.load(ordering: .sequentiallyConsistent)
        return since > 0 ? since : nil
    }

    func begin(at now: Int64) { began.store(now, ordering: .sequentiallyConsistent) }

    /// False: the thread was given up meanwhile.
    func finish(begun now: Int64) -> Bool { change(from: now, to: 0) }

    /// False: it has just come back.
    func giveUp(begun: Int64) -> Bool { change(from: begun, to: -1) }

    private func change(from old: Int64, to new: Int64) -> Bool {
        began.compareExchange(expected: old, desired: new, ordering: .acquiringAndReleasing).exchanged
    }
}

/// The threads that are the pump one after another: one is, and one stands by until that hangs.
///
/// The one that stands by sleeps as long as nothing is attempted, and looks once a second while something is. A
/// class, because all of them share it.
final class Succession: Sendable {
    private let pump: Pump
    private let bell: Wakeup
    private let poller: Poller
    private let looks = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    /// How many threads wait for answers.
    private let lost = Atomic<Int>(0)

    init(_ pump: Pump) throws(SystemError) {
        self.pump = pump
        bell = try Wakeup()
        poller = try Poller()
        try poller.add(bell.descriptor.number, token: 0, for: .readable)
        pump.succession = self
    }

    /// The thread ends when the pump was told to, or is not the pump any more.
    func begin() throws(SystemError) -> Thread {
        try Thread.start(name: "next log pump") { [self] in standBy(pump.tenure) }.detach()
        return try Thread.start(name: "log pump") { [self] in serve() }
    }

    /// Something is attempted from now on.
    func look() {
        if !looks.load(ordering: .sequentiallyConsistent),
            !looks.exchange(true, ordering: .sequentiallyConsistent)
        {
            bell.ring()
        }
    }

    private func serve() {
        let tenure = pump.tenure
        do throws(SystemError) {
            try pump.run()
        } catch {
            preconditionFailure("the log pump stopped: \(error)")
        }
        if tenure.isOver {
            lost.subtract(1, ordering: .relaxed)
            pump.orders.send(.back(tenure))
        } else {
            hasEnded.store(true, ordering: .sequentiallyConsistent)
            pump.succession = nil
            bell.ring()
        }
    }

    private func standBy(_ tenure: Tenure) {
        while let begun = hang(of: tenure) {
            guard tenure.giveUp(begun: begun) else { continue }
            lost.add(1, ordering: .relaxed)
            pump.takeOver(at: Clock.monotonic())
            let next = pump.tenure
            do throws(SystemError) {
                try Thread.start(name: "next log pump") { [self] in standBy(next) }.detach()
            } catch {
                pump.reports.send(.complaint("\(error): a disk that hangs will stop all logs"))
            }
            return serve()
        }
    }

    /// Waits until something has been attempted for too long, and returns since when; nil: the pump has ended.
    private func hang(of tenure: Tenure) -> Int64? {
        while !hasEnded.load(ordering: .sequentiallyConsistent) {
            looks.store(false, ordering: .sequentiallyConsistent)
            guard let begun = tenure.busySince else {
                // Only a mistake of ours could make waiting fail.
                _ = try? poller.wait(atMost: nil)
                bell.clear()
                pause(LogPolicy.answerPatience)
                continue
            }
            looks.store(true, ordering: .sequentiallyConsistent)
            let left = begun + LogPolicy.answerPatience - Clock.monotonic()
            if left > 0 {
                pause(left)
            } else if lost.load(ordering: .relaxed) < LogPolicy.lostThreads {
                return begun
            } else {
                pause(LogPolicy.answerPatience)
            }
        }
        return nil
    }

    /// Ends early when the pump does.
    private func pause(_ nanoseconds: Int64) { _ = try? poller.wait(atMost: .nanoseconds(nanoseconds)) }
}
