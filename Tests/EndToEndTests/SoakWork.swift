import Glibc
import Support
import Testing

/// Commands for one app, one after the other, of which one is on its way.
struct SoakWork {
    struct Step {
        var words: [String]
        var codes: Set<Int32> = [0]
    }

    /// Nil: for swpm itself, or for what changes no process.
    var app: Int?
    var step: Step
    var rest: [Step]
    var running: Running
    var began = SoakedApp.now
    /// An instance of it was hurt meanwhile, or swpm was: it may fail, and must say so.
    var isDisturbed = false
    var end: (inout SoakedApp) -> Void
}

// MARK: - Commands

extension SoakOperators {
    /// What operators do, as often as that.
    private enum Deed: CaseIterable {
        case toggle, restart, reload, bad, scale, delete, blueGreen, promote, abandon, back, look, update

        var weight: Int {
            switch self {
            case .reload, .scale: 5
            case .toggle, .restart, .bad: 4
            case .blueGreen, .promote, .abandon, .back, .look: 3
            case .delete: 2
            case .update: 1
            }
        }
    }

    func command() throws {
        let weights = Deed.allCases.map { [Deed](repeating: $0, count: $0.weight) }.joined()
        let deed = Array(weights)[dice.below(weights.count)]
        let (index, drawn, bad) = (dice.below(apps.count), 1 + dice.below(4), dice.below(3))
        switch deed {
        case .look: return try look(index, drawn)
        case .update: return try begin(nil, "update", [.init(words: ["update"])])
        default: try finish { $0.app == index }
        }
        let name = apps[index].name
        guard apps[index].isRunning, deed != .toggle else { return try toggle(index) }
        let size = apps[index].kind == .node ? 1 : drawn
        let isShell = apps[index].kind == .shell
        switch deed {
        case .scale:
            begin(index, size, serving: true)
            try begin(index, "scale", [.init(words: ["scale", name, "\(size)"])]) { $0.size = size }
        case .delete:
            begin(index, serving: false)
            let again = deploy(.good, index)
            try begin(
                index, "delete and start", [.init(words: ["delete", name]), .init(words: ["start", again])])
        // Two of a slot beside each other is not for those who hold a lock.
        case _ where isShell || deed == .restart:
            begin(index, serving: apps[index].size > 1)
            try begin(index, "restart", [.init(words: ["restart", name])])
        default:
            begin(index, serving: true)
            try reload(deed, index, SoakedRelease.bad[bad])
        }
    }

    private func reload(_ deed: Deed, _ index: Int, _ bad: SoakedRelease) throws {
        let name = apps[index].name
        let canary = SoakWork.Step(words: ["reload", deploy(.good, index), "--canary", "30%"])
        switch deed {
        case .bad:
            try begin(index, "bad release", [.init(words: ["reload", deploy(bad, index)], codes: [6])])
        case .blueGreen:
            try begin(index, "blue-green", [.init(words: ["reload", deploy(.blueGreen, index)])])
        case .promote: try begin(index, "promote", [canary, .init(words: ["promote", name])])
        case .abandon: try begin(index, "abandon", [canary, .init(words: ["rollback", name])])
        // There may be nothing to go back to.
        case .back: try begin(index, "rollback", [.init(words: ["rollback", name], codes: [0, 1])])
        default: try begin(index, "reload", [.init(words: ["reload", deploy(.good, index)])])
        }
    }

    private func toggle(_ index: Int) throws {
        let (name, wasRunning) = (apps[index].name, apps[index].isRunning)
        // Somebody must be there to be started anew when both were killed.
        guard !wasRunning || apps.count(where: \.isRunning) > 2 else { return }
        begin(index, serving: false)
        try begin(
            index, wasRunning ? "stop" : "start", [.init(words: [wasRunning ? "stop" : "start", name])]
        ) {
            $0.isRunning = !wasRunning
        }
    }

    /// What changes no process.
    private func look(_ index: Int, _ which: Int) throws {
        let name = apps[index].name
        if which == 1 {
            // Numbers begin in the middle from now on.
            apps[index].wasFlushed = true
            tellWhatIsMeant()
        }
        let words = [["flush", name], ["signal", "SIGWINCH", name], ["save"], ["reloadLogs"]][which - 1]
        // There is nobody to whom a signal could be sent.
        try begin(nil, words[0], [.init(words: words, codes: words[0] == "signal" ? [0, 1] : [0])])
    }

    private func begin(
        _ app: Int?, _ what: String, _ steps: [SoakWork.Step],
        then end: @escaping (inout SoakedApp) -> Void = { _ in }
    ) throws {
        if isDown { try revive() }
        count(what)
        note("\(app.map { apps[$0].name } ?? ""): \(steps.map { $0.words.joined(separator: " ") })")
        work.append(
            SoakWork(
                app: app, step: steps[0], rest: Array(steps.dropFirst()),
                running: try site.command(steps[0].words).start(), end: end))
    }

    /// A command has ended.
    func goOn(_ one: SoakWork) throws {
        var one = one
        let finished = try one.running.wait()
        let code = finished.code ?? -1
        note("  \(one.step.words.joined(separator: " ")): \(code)\(one.isDisturbed ? ", disturbed" : "")")
        if !one.step.codes.contains(code), !one.isDisturbed || ![1, 4, 6].contains(code) {
            complain("\(finished)")
        }
        if code == 0, !one.rest.isEmpty {
            one.step = one.rest.removeFirst()
            one.began = SoakedApp.now
            one.running = try site.command(one.step.words).start()
            return work.append(one)
        }
        guard let index = one.app else { return }
        apps[index].isRunning = true
        if code == 0 { one.end(&apps[index]) }
        apps[index].settle(running: apps[index].isRunning)
        tellWhatIsMeant()
    }
}

// MARK: - Faults

extension SoakOperators {
    func suffer() throws {
        let (which, index, chosen, time) = (
            dice.below(10), dice.below(apps.count), dice.below(4), dice.below(3000)
        )
        let parts = [6: ["keeper"], 7: ["keeper", "daemon"], 8: ["daemon"], 9: ["daemon"]][which] ?? []
        if !parts.isEmpty { return try killSwpm(parts) }
        // What only goes forward when all are well is not what is tried here.
        try finish { $0.app == index && !["reload", "restart"].contains($0.step.words[0]) }
        guard apps[index].isRunning else { return }
        let mark = "SOAK_APP=\(apps[index].mark)"
        let heads = processes { $0.elementsEqual(mark.utf8) }.filter {
            $0.session == $0.id && $0.state != "Z"
        }
        guard !heads.isEmpty else { return }
        let victim = heads.map(\.id).sorted()[chosen % heads.count]
        for other in work.indices where work[other].app == index { work[other].isDisturbed = true }
        let stops = which > 3
        apps[index].hurt(until: stops ? .infinity : nil)
        if isDown || SoakedApp.now - bothKilledAt < 5 { apps[index].loseWhatNobodyHad() }
        tellWhatIsMeant()
        kill(victim, stops ? SIGSTOP : SIGKILL)
        if stops {
            stopped.append((victim, index, SoakedApp.now + Double(time) / 1000))
        }
        count(stops ? "SIGSTOP of an instance" : "kill -9 of an instance")
        note("\(stops ? "SIGSTOP" : "SIGKILL") of \(victim), \(apps[index].name)")
    }

    private func killSwpm(_ parts: [String]) throws {
        guard !sparesSwpm, !sparesKeeper || parts == ["daemon"] else { return }
        if isDown { try revive() }
        if parts.count > 1 {
            (isDown, bothKilledAt) = (work.isEmpty, SoakedApp.now)
            for index in apps.indices where SoakedApp.now - apps[index].hurtTo < 10 {
                apps[index].loseWhatNobodyHad()
            }
        }
        tellWhatIsMeant()
        let own = site.own
        // The keeper first: it would start a daemon again.
        for part in parts {
            for facts in own where facts.command[1] == part { kill(facts.id, SIGKILL) }
        }
        // An update on its way ends with those that it was of, and whoever is to listen while both are dead cannot.
        for other in work.indices where work[other].app == nil || parts.count > 1 {
            work[other].isDisturbed = true
        }
        count("kill -9 of \(parts.joined(separator: " and "))")
        note("SIGKILL of \(parts)")
    }

    /// The next command after both were killed.
    func revive() throws {
        let app = apps.first { $0.isRunning && $0.busyWith == nil }
        let finished = try site.swpm("start", app?.name ?? apps[0].name)
        note("  back: \(finished.code ?? -1)")
        if !finished.succeeded { complain("\(finished)") }
        isDown = false
        tellWhatIsMeant()
    }
}
