internal import Linux
internal import Supervision
internal import Wire

/// Who waits for the end of an update.
enum UpdateAsker {
    case here(Ticket)
    /// Asked a daemon before this one, which left the connection with the keeper.
    case inherited(SharedDescriptor)
}

// MARK: - Giving way to another program

extension Loop {
    /// Where the connection of whoever asked for an update outlives the daemon.
    static let updateKey = "update/client"

    /// Has the keeper become the program at this path. The answer is the next daemon's, or this one's if that fails.
    func update(to path: String, _ ticket: Ticket) -> Connections.Answer {
        guard updateAsker == nil else { return Loop.refuse("another update is under way") }
        guard !keeper.isLost else {
            return Loop.refuse("the keeper is gone, and it is the keeper that carries out an update")
        }
        do throws(SystemError) {
            let program = try Loop.open(path)
            if let objection = try Loop.objection(to: program.descriptor) {
                return Loop.refuse("\(path): \(objection)")
            }
            scribe.log("an update to \(path) is asked for")
            updateAsker = .here(ticket)
            if let client = connections.socket(of: ticket) { keeper.deposit(key: Loop.updateKey, client) }
            keeper.update(program.number)
            return .later
        } catch {
            return Loop.refuse("\(error)")
        }
    }

    private static func refuse(_ reason: String) -> Connections.Answer {
        .now(status: 409, Wire.Answer.bytes(refusal(reason)))
    }

    private static func refusal(_ reason: String) -> APIRefusal {
        APIRefusal(status: 409, code: "not_updated", message: reason)
    }

    private static func open(_ path: String) throws(SystemError) -> SharedDescriptor {
        guard path.hasPrefix("/") else { throw SystemError("open \(path)", code: SystemError.invalid) }
        return SharedDescriptor(try File.open(path, .nonBlocking))
    }

    /// The kernel would refuse it too, but a shell would be tried then, and what that says explains nothing.
    private static func objection(to program: borrowing Descriptor) throws(SystemError) -> String? {
        let status = try program.status()
        guard status.kind == .file else { return "it is no file" }
        guard File.isExecutable("/proc/self/fd/\(program.number)") else { return "it is not executable" }
        guard let theirs = try Image.machine(of: program) else { return "it is no program, or a script" }
        return theirs == (try Image.machine(of: Image.own())) ? nil : "it is a program for another machine"
    }

    /// Everything goes to disk, and this daemon ends. The keeper starts the next one.
    func makeWay() {
        scribe.log("the daemon makes way for an update")
        isMakingWay = true
    }

    /// Tells whoever asked. Nothing was to be told if it has left.
    func updateEnded(_ reason: String) {
        guard let asker = updateAsker else { return }
        updateAsker = nil
        keeper.withdraw(key: Loop.updateKey)
        let failure = Wire.Answer.bytes(Loop.refusal(reason))
        switch asker {
        case .here(let ticket): connections.tell(ticket, status: 409, failure)
        case .inherited(let client):
            let answer =
                reason.isEmpty
                ? connections.answer(200, Wire.Answer.bytes(who, clock: .now))
                : connections.answer(409, failure)
            _ = try? client.descriptor.write(answer)
        }
    }

    /// What the update before has left to this daemon, which may be its outcome.
    func takeBackUpdate(_ manifest: KeeperLink.Manifest) {
        keeper.onMakeWay = { [unowned self] in makeWay() }
        keeper.onUpdateEnded = { [unowned self] in updateEnded($0) }
        deaths = manifest.deaths
        updateAsker = manifest.held[Loop.updateKey].map { .inherited($0) }
        if let reason = manifest.updateOutcome { updateEnded(reason) }
    }
}
