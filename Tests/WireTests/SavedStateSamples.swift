import Supervision

@testable import Wire

// What outlives the daemon.

extension Dice {
    private mutating func places() -> Places {
        Places(workingDirectory: "/" + word(), script: maybe { $0.text() })
    }

    private mutating func version() -> SavedState.Version {
        SavedState.Version(
            generation: generation(), spec: spec(), places: maybe { $0.places() },
            listened: maybe { $0.many(0...2) { $0.address() } })
    }

    mutating func savedState() -> SavedState {
        let apps = many(0...3) { dice in
            SavedState.App(
                spec: dice.spec(), generation: dice.generation(),
                slots: dice.many(0...3) { dice in
                    SavedState.Slot(
                        index: SlotIndex(dice.roll(0...9)), id: SlotID(dice.roll(0...99)),
                        wanted: dice.flip(),
                        restarts: dice.roll(0...99),
                        instances: dice.many(0...2) { dice in
                            SavedState.Instance(
                                id: InstanceID(UInt64(dice.roll(1...99))), generation: dice.generation(),
                                process: nil,
                                since: Instant(nanoseconds: Int64(dice.roll(0...Int.max))),
                                listening: dice.many(0...2) { $0.address() },
                                hasSaidReady: dice.flip(), isProven: dice.flip(),
                                role: dice.maybe { $0.pick([.current, .candidate, .leaving]) },
                                expected: dice.many(0...2) { $0.address() }, isUnwanted: dice.flip(),
                                heirOf: dice.maybe { InstanceID(UInt64($0.roll(1...99))) })
                        },
                        generation: dice.maybe { $0.generation() },
                        rest: dice.pick([
                            .idle, .failed,
                            .waiting(until: Instant(nanoseconds: Int64(dice.roll(1...Int.max)))),
                        ]), unstable: dice.roll(0...9),
                        estate: dice.maybe { InstanceID(UInt64($0.roll(1...99))) },
                        owed: dice.many(0...2) { $0.address() })
                }, places: dice.maybe { $0.places() },
                listened: dice.maybe { $0.many(0...2) { $0.address() } },
                previous: dice.maybe { $0.version() },
                canary: dice.maybe { dice in
                    SavedState.Canary(
                        version: dice.version(), percent: dice.roll(1...99),
                        instances: dice.maybe { $0.roll(0...9) }, places: dice.maybe { $0.places() })
                }, newest: dice.maybe { $0.generation() }, versions: dice.many(0...2) { $0.version() },
                work: dice.maybe { $0.work() }, queue: dice.many(0...2) { $0.operation() })
        }
        var state = SavedState(nextInstance: UInt64(roll(1...Int.max)), apps: apps)
        for app in state.apps.indices where flip() {
            for slot in state.apps[app].slots.indices {
                for one in state.apps[app].slots[slot].instances.indices {
                    state.apps[app].slots[slot].instances[one].process = ProcessID(Int32(roll(1...9999)))
                }
            }
        }
        state.inquiries = Dictionary(
            many(0...2) { ($0.ticket(), $0.inquiry()) }, uniquingKeysWith: { first, _ in first })
        state.answered = many(0...2) { dice in
            SavedState.Answered(ticket: dice.ticket(), reply: .done(dice.inquiry().outcomes))
        }
        return state
    }

    private mutating func ticket() -> Ticket { Ticket(UInt64(roll(1...Int.max))) }

    private mutating func inquiry() -> Inquiry {
        var inquiry = Inquiry(
            pending: roll(0...3),
            outcomes: many(0...2) { dice in
                Outcome(app: AppName(dice.word()), change: .reloaded, instances: dice.roll(0...9))
            })
        inquiry.isRolledBack = flip()
        return inquiry
    }

    private mutating func operation() -> Operation {
        Operation(
            kind: pick([
                .create, .start, .stop, .restart, .reload, .become(spec()), .scale(.to(roll(0...9))),
                .scale(.by(roll(-9...9))), .delete, .recover, .canary(maybe { $0.spec() }, percent: 5),
                .promote,
                .rollback,
            ]), ticket: maybe { $0.ticket() }, only: maybe { SlotIndex($0.roll(0...9)) }, isForced: flip(),
            joined: many(0...2) { $0.ticket() })
    }

    private mutating func work() -> Work {
        var rollout = Rollout(
            target: generation(), direction: pick([.forward, .back, .abandoned]), isHealing: flip(),
            instances: maybe { $0.roll(0...9) })
        rollout.side = maybe { $0.pick([.blue, .green(since: Instant(nanoseconds: 77))]) }
        rollout.trial = maybe { Trial(percent: $0.roll(1...99), slots: [$0.roll(0...9)]) }
        rollout.kept = Set(many(0...2) { $0.roll(0...9) })
        var work = Work(
            operation(),
            pick([
                .awaiting([1, 2]), .emptying([]),
                .turning(Turns(left: [1], awaited: [2, 3], turning: maybe { $0.roll(0...9) })),
                .rolling(rollout),
                .replacing(3),
            ]), change: pick([.reloaded, .started, .stopped]))
        work.isRolledBack = flip()
        work.note = maybe { .promoted($0.generation()) }
        return work
    }
}
