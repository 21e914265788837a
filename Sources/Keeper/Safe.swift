internal import Glibc
internal import Linux

/// Everything the keeper holds and knows, and the answers to its daemon's requests.
struct Safe {
    private(set) var deposits = Deposits()
    private(set) var exits = UnacknowledgedExits()
    /// The daemon said that the keeper is to end with it.
    private(set) var isQuitting = false
    /// What the daemon has not been told yet, because it does not read.
    ///
    /// No further request is taken while something waits, so this is what one request brought about and no more.
    private var answers: [(report: KeeperReport, descriptor: SharedDescriptor?)] = []

    var isEmpty: Bool { deposits.isEmpty && exits.all.isEmpty }
    var acceptsRequests: Bool { answers.isEmpty }
    var hasSomethingToSay: Bool { !answers.isEmpty || exits.next != nil }

    mutating func add(_ exit: ReapedProcess) { exits.add(exit) }

    /// A new daemon knows nothing.
    mutating func beginAnew() {
        answers.removeAll()
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
        }
        return true
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
