internal import Linux
internal import Supervision

// Main processes that are not the keeper's children: one before was killed, or the program made another process its main
// one. Nobody tells us how they end, but their descriptor tells that they have.
extension Loop {
    /// Whoever inherited it reaps it soon; after that the kernel may know its status.
    private static let reapPause = Duration.milliseconds(2)
    private static let reapPatience = Duration.milliseconds(100)

    /// One that has ended and is not reaped.
    struct Unreaped {
        var lookAt: Instant
        var until: Instant
    }

    func adopt(_ instance: InstanceID, _ handle: SharedDescriptor) {
        // Without a watch its end goes unnoticed until the next command; that is said in the log.
        do throws(SystemError) {
            if let before = adoptions[instance] { watches.remove(before) }
            adoptions[instance] = try watches.watch(handle.number, for: .readable) { [unowned self] _ in
                giveUp(instance)
                adoptedEnded(instance, until: .now + Loop.reapPatience)
            }
        } catch {
            scribe.log("\(error): the end of instance \(instance.number) will not be noticed")
        }
    }

    /// The keeper will tell of its end after all, or it has ended.
    func giveUp(_ instance: InstanceID) {
        if let watch = adoptions.removeValue(forKey: instance) { watches.remove(watch) }
        unreaped[instance] = nil
    }

    private func adoptedEnded(_ instance: InstanceID, until limit: Instant) {
        guard let entry = processes[instance], let handle = entry.handle, let process = entry.process else {
            return
        }
        if let end = Processes.end(through: handle.number) {
            return ended(instance, Exit(status: ExitStatus(end), at: .now))
        }
        guard limit > .now, ProcFS.status(of: process.number)?.isZombie == true else {
            return endedUnseen(instance)
        }
        unreaped[instance] = Unreaped(lookAt: .now + Loop.reapPause, until: limit)
    }

    func lookAtUnreaped(at now: Instant) {
        for (instance, wait) in unreaped where wait.lookAt <= now {
            unreaped[instance] = nil
            adoptedEnded(instance, until: wait.until)
        }
    }
}
