internal import Glibc
internal import Linux

/// Everything the keeper holds and knows, and the answers to its daemon's requests.
struct Safe {
    private(set) var deposits = Deposits()
    private(set) var exits = UnacknowledgedExits()
    /// The daemon said that the keeper is to end with it.
    private(set) var isQuitting = false
    /// The daemon wants the keeper to become this program.
    private(set) var candidate: Candidate?
    /// The daemon has answered.
    private var isWell = false
    /// How the last update ended; every daemon is told, because the one that asked may be gone.
    private var updateOutcome: String?
    /// What every daemon is told of those before it.
    private var deaths: (count: UInt32, last: Int64) = (0, 0)
    /// What the daemon has not been told yet, because it does not read.
    ///
    /// No further request is taken while something waits, so this is what one request brought about and no more.
    private var answers: [(report: KeeperReport, descriptor: SharedDescriptor?)] = []

    var isEmpty: Bool { deposits.isEmpty && exits.all.isEmpty }
    var acceptsRequests: Bool { answers.isEmpty }
    var hasSomethingToSay: Bool { !answers.isEmpty || exits.next != nil }

    mutating func add(_ exit: ReapedProcess) { exits.add(exit) }

    mutating func daemonDied(at now: Int64) { deaths = (deaths.count &+ 1, now) }

    /// A new daemon knows nothing.
    mutating func beginAnew() {
        answers.removeAll()
        isWell = false
        exits.tellAllAgain()
    }

    /// Acts on what the daemon sent; false: it cannot be understood.
    mutating func take(_ message: SocketMessage, daemon: Int32?) -> Bool {
        guard let request = KeeperRequest(decoding: message.bytes) else { return false }
        switch request {
        case .deposit(let key): deposit(message.descriptors.first, under: key)
        case .withdraw(let key): deposits.release(key)
        case .withdrawAll(let prefix): deposits.releaseAll(startingWith: prefix)
        case .borrow(let loan): lend(loan)
        case .acknowledge(let process): exits.acknowledge(process)
        case .list: list(except: daemon)
        case .quit:
            isQuitting = true
            answers.append((.quitting, nil))
        case .well: isWell = true
        case .update: candidate = Candidate(program: message.descriptors.first)
        }
        return true
    }
}

// MARK: - Asking

extension Safe {
    /// What waits already is as good a question.
    mutating func askIfWell() {
        guard answers.isEmpty else { return }
        answers.append((.areYouWell, nil))
    }

    /// Whether it has answered since this was asked last.
    mutating func takeAnswer() -> Bool {
        defer { isWell = false }
        return isWell
    }
}

// MARK: - Updating

extension Safe {
    /// A program that was asked for; nil where the descriptor was lost on the way.
    struct Candidate {
        var program: SharedDescriptor?
    }

    mutating func takeCandidate() -> Candidate? {
        defer { candidate = nil }
        return candidate
    }

    mutating func makeWay() { answers.append((.makeWay, nil)) }

    /// An empty reason: it succeeded.
    mutating func updateEnded(_ reason: String) {
        let reason = String(decoding: reason.utf8.prefix(KeeperReport.reasonLimit / 3), as: UTF8.self)
        updateOutcome = reason
        answers.append((.updateEnded(reason: reason), nil))
    }

    /// Takes back what the keeper held when it was another program. Owns the descriptors from now on.
    mutating func restore(_ handover: Handover) {
        for deposit in handover.deposits {
            let descriptor = Descriptor(owning: deposit.number)
            descriptor.setInherited(false)
            _ = deposits.keep(SharedDescriptor(descriptor), under: deposit.key)
        }
        for exit in handover.exits { exits.add(exit) }
    }
}

// MARK: - Answering

extension Safe {
    private mutating func deposit(_ descriptor: SharedDescriptor?, under key: String) {
        guard let descriptor else {
            // It was sent, but the keeper may not have another open file.
            return answers.append((.refused(key: key, code: EMFILE), nil))
        }
        if !deposits.keep(descriptor, under: key) {
            answers.append((.refused(key: key, code: ENOSPC), nil))
        }
    }

    private mutating func lend(_ loan: Loan) {
        do throws(SystemError) {
            let (descriptor, memory) = try loan.carryOut()
            answers.append((.lent(ticket: loan.ticket, memory: memory), descriptor))
        } catch {
            answers.append((.notLent(ticket: loan.ticket, code: error.code), nil))
        }
    }

    private mutating func list(except daemon: Int32?) {
        for (key, descriptor) in deposits.all { answers.append((.held(key: key), descriptor)) }
        var children = Safe.children(except: daemon)[...]
        while !children.isEmpty {
            let part = children.prefix(KeeperReport.childrenPerPacket)
            answers.append((.children(Array(part)), nil))
            children = children.dropFirst(part.count)
        }
        if deaths.count > 0 {
            answers.append((.daemonsDied(count: deaths.count, last: deaths.last), nil))
        }
        if let updateOutcome { answers.append((.updateEnded(reason: updateOutcome), nil)) }
        answers.append((.listed, nil))
    }

    /// Processes that run and whose end the keeper will hear of.
    static func children(except daemon: Int32?) -> [Int32] {
        ProcFS.children(of: ThisProcess.identifier).filter { child in
            child != daemon && ProcFS.status(of: child).map { !$0.isZombie } == true
        }
    }
}

// MARK: - Telling

extension Safe {
    /// Tells the daemon what there is to tell, exits first, as far as it can be sent without waiting.
    mutating func tell(over link: SharedDescriptor) throws(SystemError) -> Transfer {
        while let exit = exits.next {
            let transfer = try link.descriptor.sendMessage(KeeperReport.exited(exit).encoded())
            guard case .moved = transfer else { return transfer }
            exits.tellNext()
        }
        var told = 0
        defer { answers.removeFirst(told) }
        while told < answers.count {
            let answer = answers[told]
            let transfer = try link.descriptor.sendMessage(
                answer.report.encoded(), descriptors: answer.descriptor.map { [$0.number] } ?? [])
            guard case .moved = transfer else { return transfer }
            told += 1
        }
        return .moved(told)
    }
}

extension Loan {
    /// A thread is as good as its process: system call filters know threads only.
    func carryOut() throws(SystemError) -> (SharedDescriptor, [UInt8]) {
        let handle = try handle()
        let borrowed = try Processes.borrow(descriptor, through: handle.number)
        let memory = length > 0 ? try Processes.memory(of: process, at: address, count: length) : []
        return (SharedDescriptor(borrowed), memory)
    }

    private func handle() throws(SystemError) -> Descriptor {
        do throws(SystemError) {
            return try Processes.open(process)
        } catch {
            guard let owner = Processes.owner(ofThread: process), owner != process else { throw error }
            return try Processes.open(owner)
        }
    }
}
