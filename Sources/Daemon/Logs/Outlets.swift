internal import Linux
internal import Supervision
internal import Wire

/// All ways out for lines besides files, each of which exists once.
///
/// A class, because each of them leads back to the set that it is watched in.
final class Outlets {
    let poller: Poller
    private let settings: HomeSettings
    private let reports: Mailbox<PumpReport>
    private var all: [Outlet] = []
    /// There was somebody who wanted to speak there.
    private var isMute = false

    init(_ settings: HomeSettings, _ reports: Mailbox<PumpReport>) throws(SystemError) {
        self.settings = settings
        self.reports = reports
        poller = try Poller()
    }

    func report(_ report: PumpReport) { reports.send(report) }

    /// The ways that the lines of a stream take besides files; those that it has stay.
    func flows(of stream: StreamID, _ plan: StreamPlan, former: [Outflow] = []) -> [Outflow] {
        for flow in former where !plan.outlets.contains(flow.outlet.kind) { flow.end() }
        var flows = former.filter { !$0.isOver }
        for kind in plan.outlets where !flows.contains(where: { $0.outlet.kind == kind }) {
            if let outlet = outlet(kind) { flows.append(Outflow(outlet, stream, plan)) }
        }
        return flows
    }

    private func outlet(_ kind: LogOutlet) -> Outlet? {
        for outlet in all where outlet.kind == kind { return outlet }
        let made: Outlet
        switch kind {
        case .file: return nil
        case .stdout:
            guard !leadsNowhere() else { return nil }
            made = Outlet(kind, nil, "", self)
        case .syslog: made = Outlet(kind, .syslog(host: ThisProcess.hostname()), settings.syslog, self)
        case .journald: made = Outlet(kind, .journald, settings.journald, self)
        }
        all.append(made)
        return made
    }

    private func leadsNowhere() -> Bool {
        do throws(SystemError) {
            if let way = try StandardStream.output.apart(), way.number >= 0 { return false }
        } catch {
            // What cannot be opened now is tried again.
            return false
        }
        if !isMute {
            report(.complaint("lines for stdout go nowhere: swpm runs in the background and has none"))
        }
        isMute = true
        return true
    }
}

// MARK: - Attending

extension Outlets {
    func token(of outlet: Outlet) -> UInt64 {
        UInt64(LogOutlet.allCases.firstIndex(of: outlet.kind) ?? 0)
    }

    /// Some take lines again.
    func stirred() { attend(atMost: .zero) }

    /// Sends what waits, as far as it is taken by then, and says how much was not.
    func end(by deadline: Int64) {
        for outlet in all { outlet.stirred(at: Clock.monotonic()) }
        while all.contains(where: \.isDelayed) {
            let left = deadline - Clock.monotonic()
            guard left > 0 else { break }
            attend(atMost: .nanoseconds(left))
        }
        for outlet in all { outlet.tellWhatIsLeft() }
    }

    private func attend(atMost limit: Duration) {
        // The set itself is always there; what cannot be asked is tried after a pause.
        for event in (try? poller.wait(atMost: limit)) ?? [] {
            for outlet in all where token(of: outlet) == event.token {
                outlet.stirred(at: Clock.monotonic())
            }
        }
    }

    var deadline: Int64? {
        var earliest: Int64?
        for outlet in all {
            if let deadline = outlet.deadline { earliest = min(deadline, earliest ?? deadline) }
        }
        return earliest
    }

    func deadlinePassed(at now: Int64) {
        for outlet in all { if let deadline = outlet.deadline, deadline <= now { outlet.flush(at: now) } }
    }
}
