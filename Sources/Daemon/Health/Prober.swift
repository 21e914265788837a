internal import Linux
internal import Supervision
internal import Wire

/// Asks every instance again and again how it is, as its `HealthCheck` says.
///
/// No check waits for another, and none holds the loop: each is a connection or a process among the loop's watches,
/// with a deadline. What they find is told as it is; what follows from it is decided elsewhere.
///
/// A class, because the loop's watches lead back to it.
final class Prober {
    /// The pace until an instance has passed once.
    static let eagerness = Duration.seconds(1)
    /// How soon an instance is looked at again that does not listen yet; as soon as it does, it is asked at once.
    static let patience = Duration.milliseconds(250)

    var onResult: (InstanceID, CheckResult) -> Void = { _, _ in }
    /// Where to ask.
    var route: (InstanceID, UInt16?) -> CheckRoute = { _, _ in .none }
    /// How to run a command as the instance's program is run.
    var job: (InstanceID, Launch, _ output: SharedDescriptor) -> SpawnJob? = { _, _, _ in nil }

    private let watches: Watches
    let diagnostics: SocketDiagnostics
    private let commands: CheckRunner
    private var patients: [InstanceID: Patient] = [:]

    /// One instance that is asked.
    final class Patient {
        let instance: InstanceID
        let launch: Launch
        let check: HealthCheck
        /// Nil: it does not run yet.
        var nextAt: Instant?
        var hasPassed = false
        var examination: (any Examination)?

        init(_ instance: InstanceID, _ launch: Launch, _ check: HealthCheck) {
            self.instance = instance
            self.launch = launch
            self.check = check
        }
    }

    init(watches: Watches, diagnostics: SocketDiagnostics) {
        self.watches = watches
        self.diagnostics = diagnostics
        commands = CheckRunner(watches: watches)
    }
}

/// One check under way. It says once how it went, unless it is broken off before.
protocol Examination: AnyObject {
    /// Ends it without a word.
    func breakOff()
    /// When it wants to be looked at without anything having stirred.
    var nextLook: Instant? { get }
    func look(at now: Instant)
}

// MARK: - Coming and going

extension Prober {
    /// Notes how an instance is to be asked, before it runs.
    func prepare(_ instance: InstanceID, _ launch: Launch) {
        guard let check = launch.spec.health else { return }
        patients[instance] = Patient(instance, launch, check)
    }

    /// It runs, and the supervisor has been told.
    func begin(_ instance: InstanceID) { patients[instance]?.nextAt = .now }

    /// It has begun to listen: asked now, if it was waited for.
    func listened(_ instance: InstanceID) {
        guard let patient = patients[instance], !patient.hasPassed, patient.examination == nil,
            patient.nextAt != nil
        else { return }
        patient.nextAt = .now
    }

    /// It is on its way out, or gone.
    func end(_ instance: InstanceID) {
        patients.removeValue(forKey: instance)?.examination?.breakOff()
    }

    func endAll() {
        for instance in Array(patients.keys) { end(instance) }
    }
}

// MARK: - Time

extension Prober {
    var nextDeadline: Instant? {
        patients.values.reduce(into: nil as Instant?) { next, patient in
            let one = patient.examination.map(\.nextLook) ?? patient.nextAt
            if let one { next = next.map { min($0, one) } ?? one }
        }
    }

    func deadlinePassed(at now: Instant) {
        for patient in patients.values {
            if let examination = patient.examination {
                if let look = examination.nextLook, look <= now { examination.look(at: now) }
            } else if let next = patient.nextAt, next <= now {
                examine(patient, at: now)
            }
        }
    }
}

// MARK: - Asking

extension Prober {
    private func examine(_ patient: Patient, at now: Instant) {
        patient.nextAt = now + Prober.patience
        let deadline = now + patient.check.timeout
        switch patient.check.probe {
        case .command(let words):
            run(patient, words, deadline)
        case .http(let http):
            connect(patient, http.port, .http(http), deadline)
        case .tcp(let port):
            connect(patient, port, .acceptance, deadline)
        }
    }

    private func run(_ patient: Patient, _ words: [String], _ deadline: Instant) {
        do throws(SystemError) {
            let pipe = try Pipe()
            let output = SharedDescriptor(try pipe.writer.duplicate())
            guard let job = job(patient.instance, patient.launch, output) else { return }
            patient.examination = try commands.run(
                job, words, output: SharedDescriptor(try pipe.reader.duplicate()), until: deadline
            ) { [unowned self, weak patient] in
                if let patient { finish(patient, $0) }
            }
        } catch {
            finish(patient, CheckResult(error))
        }
    }

    private func connect(
        _ patient: Patient, _ port: UInt16?, _ question: CheckConnection.Question, _ deadline: Instant
    ) {
        switch route(patient.instance, port) {
        case .none: return
        case .ambiguous(let reason): finish(patient, .failed("it cannot be asked by itself: it \(reason)"))
        case .open(let target, let source):
            let connection = CheckConnection(
                question, to: target, until: deadline, timeout: patient.check.timeout, watches, diagnostics)
            patient.examination = connection
            connection.onResult = { [unowned self, weak patient] in if let patient { finish(patient, $0) } }
            connection.open(from: source)
        }
    }

    /// Nil: it could not be asked, for reasons that are not its own.
    private func finish(_ patient: Patient, _ result: CheckResult?) {
        patient.examination = nil
        if result == .passed { patient.hasPassed = true }
        let pace = patient.hasPassed ? patient.check.interval : min(patient.check.interval, Prober.eagerness)
        patient.nextAt = .now + pace
        if let result, patients[patient.instance] === patient { onResult(patient.instance, result) }
    }
}

extension CheckResult {
    /// What refused the check; nil: there was not enough of something to check with.
    init?(_ error: SystemError) {
        if error.isShortage { return nil }
        self = .failed("\(error)")
    }
}
