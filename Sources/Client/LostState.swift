internal import Console
internal import Linux
internal import Supervision

// A state that could not be read was put aside, and who comes next must hear of it.

extension Session {
    /// For as long as somebody may not have seen it: a day.
    private static let memory: Int64 = 86_400

    /// What there is to say of the newest state that was put aside.
    var lostState: [String] {
        // Who may not see the home is not who has to do something about it.
        let names = (try? Directory.names(in: home.path)) ?? []
        guard let name = names.last(where: { $0.hasPrefix(Home.asidePrefix) }),
            let moment = Int64(name.dropFirst(Home.asidePrefix.utf8.count))
        else { return [] }
        let now = Clock.wall() / 1_000_000_000
        guard moment <= now, moment > now - Session.memory else { return [] }
        return Wording.lostState(
            "\(home.path)/\(name)", age: .seconds(now - moment), forgotten: forgotten,
            isSaved: names.contains("saved.json"))
    }

    /// Programs of this swpm that run, and that its daemon does not know.
    private var forgotten: [Int32] {
        // Without a daemon nobody is forgotten: the next one looks for them.
        guard let snapshot = (try? caller.snapshot()) ?? nil else { return [] }
        return home.programs.filter { !snapshot.knows($0) }
    }
}

extension Snapshot {
    fileprivate func knows(_ process: Int32) -> Bool {
        apps.contains { app in
            app.slots.contains { slot in
                slot.current?.process?.number == process
                    || slot.others.contains { $0.process?.number == process }
            }
        }
    }
}

extension Command {
    /// Whether whoever types it counts on swpm knowing all apps.
    var needsTheList: Bool {
        switch self {
        case .start, .stop, .restart, .reload, .scale, .delete, .list, .listWide, .promote, .rollback, .save,
            .resurrect, .monitor, .describe:
            true
        case .signal, .send, .trigger, .listAsJSON, .why, .logs, .flush, .reloadLogs, .ping, .kill, .version,
            .help, .daemon, .keeper, .example, .update, .cleardump, .startup, .unstartup, .doctor:
            false
        }
    }
}
