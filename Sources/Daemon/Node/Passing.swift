internal import Linux
internal import Supervision
internal import Wire

// MARK: - Passing on what clients say to programs

extension Loop {
    /// Signals and messages change nothing that is wanted: they go straight to whoever runs.
    func pass(_ missive: Missive, to selector: Selector) -> Connections.Answer {
        do throws(Refusal) {
            let apps = try supervisor.snapshot(of: selector).apps
            let receipts = apps.flatMap { app in
                app.slots.filter { selector.means($0, of: app.spec.name) }.map { pass(missive, to: $0, app) }
            }
            return .now(status: 200, Wire.Answer.bytes(receipts))
        } catch {
            return .now(status: error.status, Wire.Answer.bytes(error))
        }
    }

    private func pass(_ missive: Missive, to slot: SlotSnapshot, _ app: AppSnapshot) -> Receipt {
        let outcome = slot.current.map { pass(missive, to: $0.id) } ?? .notRunning
        return Receipt(app: app.spec.name, slot: slot.index, id: slot.id, outcome: outcome)
    }

    private func pass(_ missive: Missive, to instance: InstanceID) -> Receipt.Outcome {
        guard let handle = processes[instance]?.handle else { return .notRunning }
        switch missive {
        case .signal(let signal):
            // It ended in this very moment.
            let isDelivered = (try? Processes.signal(signal.number, through: handle.number)) ?? false
            return isDelivered ? .delivered : .notRunning
        case .message(let message):
            switch channels.send(message.line, to: instance) {
            case .sent, .queued: return .delivered
            case .tooLong: return .tooLong
            case .full: return .full
            case .closed: return .noChannel
            }
        }
    }
}

extension Selector {
    /// A number that is nobody's name means the one slot of that id.
    fileprivate func means(_ slot: SlotSnapshot, of app: AppName) -> Bool {
        guard case .named(let text) = self, let number = Int(text), app.name != text, app.namespace != text
        else { return true }
        return slot.id.number == number
    }
}
