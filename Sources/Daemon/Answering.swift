internal import Linux
internal import Supervision
internal import Wire

// MARK: - What clients ask

extension Loop {
    /// Questions are answered at once; orders become the supervisor's, and their answer is a stream.
    func take(_ request: HTTPRequest, _ ticket: Ticket) -> Connections.Answer {
        do throws(APIRefusal) {
            return try carryOut(APICall(request), ticket)
        } catch {
            return .now(status: error.status, Wire.Answer.bytes(error), allow: error.allow)
        }
    }

    private func carryOut(_ call: APICall, _ ticket: Ticket) throws(APIRefusal) -> Connections.Answer {
        switch call {
        case .ping: return .now(status: 200, Wire.Answer.pong)
        case .version: return .now(status: 200, Wire.Answer.bytes(who, clock: .now))
        case .apps(let selector): return picture(of: selector)
        case .appsWithPorts(let selector): return picture(of: selector, withPorts: true)
        case .jlist:
            let picture = sampled(supervisor.snapshot)
            return .now(status: 200, Jlist.bytes(picture, facts: jlistFacts, clock: .now))
        case .save: return .now(status: 200, list)
        case .operate(let order, let environment):
            learn(.requested(try capture(environment, for: order), ticket))
            return .later
        case .events:
            followers.add(ticket)
            return .later
        case .pass(let missive, let selector): return pass(missive, to: selector)
        case .update(let path): return update(to: path, ticket)
        case .flushLogs(let selector): return flushLogs(of: selector, ticket)
        case .reopenLogs:
            logs.reopen()
            return tell(ticket, Wire.Answer.bytes(logFiles: logFiles(supervisor.snapshot).count))
        }
    }

    private func picture(of selector: Selector, withPorts: Bool = false) -> Connections.Answer {
        do throws(Refusal) {
            var picture = sampled(try supervisor.snapshot(of: selector))
            if withPorts { ports.count(&picture, at: .now) }
            return .now(status: 200, Wire.Answer.bytes(picture, clock: .now))
        } catch {
            return .now(status: error.status, Wire.Answer.bytes(error))
        }
    }

    /// Answers when the pump has done it: whoever asked may compress at once what he has put aside.
    private func tell(_ ticket: Ticket, _ body: [UInt8]) -> Connections.Answer {
        logs.afterwards { [unowned self] in connections.tell(ticket, status: 200, body) }
        return .later
    }

    private func flushLogs(of selector: Selector, _ ticket: Ticket) -> Connections.Answer {
        do throws(Refusal) {
            let paths = logFiles(try supervisor.snapshot(of: selector))
            logs.flush(paths)
            return tell(ticket, Wire.Answer.bytes(logFiles: paths.count))
        } catch {
            return .now(status: error.status, Wire.Answer.bytes(error))
        }
    }

    /// Each once, though several slots may share it.
    private func logFiles(_ snapshot: Snapshot) -> [String] {
        let all = snapshot.apps.flatMap { app in
            app.slots.flatMap { slot in
                let files = app.spec.logFiles(of: slot.index, in: home.logs)
                return [files.output, files.error] + (files.combined.map { [$0] } ?? [])
            }
        }
        return Set(all).subtracting([LogFiles.nowhere]).sorted()
    }

    /// With what each instance consumes, and what it still waits for.
    private func sampled(_ snapshot: Snapshot) -> Snapshot {
        var snapshot = snapshot
        sampler.fill(&snapshot, at: .now)
        ports.fill(&snapshot)
        snapshot.daemonDeaths = deaths
        logs.fill(&snapshot)
        return snapshot
    }

    /// What an instance uses, for its limit.
    func weigh(_ instance: InstanceID) {
        guard let process = processes[instance]?.process else { return }
        let family = [process.number] + ProcFS.descendants(of: process.number)
        learn(.weighed(instance, family.reduce(0) { $0 + (ProcFS.status(of: $1)?.memory ?? 0) }))
    }

    /// Puts the caller's environment away and its number into the specifications.
    private func capture(_ environment: [String: String]?, for order: Request) throws(APIRefusal) -> Request {
        guard let environment, order.bringsSpecs else { return order }
        do throws(SystemError) {
            let number = try environments.keep(environment)
            return order.inheriting(number)
        } catch {
            throw APIRefusal(status: 503, code: "busy", message: "\(error)")
        }
    }

    private var jlistFacts: JlistFacts {
        JlistFacts(username: user, home: home.path) { [home] spec, slot in
            JlistFacts.Slot(
                logs: spec.logFiles(of: slot, in: home.logs), interpreter: spec.shownInterpreter)
        }
    }
}

// MARK: - What clients are told

extension Loop {
    func tell(_ ticket: Ticket, _ progress: Progress) {
        connections.stream(ticket, Wire.Answer.bytes(.progress(progress), clock: .now))
    }

    func answer(_ ticket: Ticket, _ reply: Reply) {
        if case .refused(let refusal) = reply {
            connections.tell(ticket, status: refusal.status, Wire.Answer.bytes(refusal))
        } else {
            connections.finish(ticket, Wire.Answer.bytes(.reply(reply), clock: .now))
        }
    }
}

extension WallClock {
    /// The difference as it is at this moment.
    static var now: WallClock { WallClock(offset: .nanoseconds(Clock.wall() - Clock.monotonic())) }
}

extension AppSpec {
    fileprivate var shownInterpreter: String {
        switch interpreter {
        case .program(let program): program
        case .none: "none"
        case .automatic: AppSpec.interpreter(forExtensionOf: script) ?? "none"
        }
    }
}
