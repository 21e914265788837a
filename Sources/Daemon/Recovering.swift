internal import Keeper
internal import Linux
internal import Supervision
internal import Wire

// When keeper and daemon were both killed: what they held is fetched from the programs, which have it, too.
extension Loop {
    /// Adds to what is held what the living still have: the pipes they write their logs to, the sockets they listen on,
    /// and, of Node programs, the daemon's end of their message channel. What is queued for somebody dead is lost.
    func recover(_ found: inout Found) {
        var living: [InstanceID: Int32] = [:]
        for app in found.file.state.apps {
            for slot in app.slots {
                for instance in slot.instances {
                    guard let process = instance.process?.number, isAlive(instance, process, found) else {
                        continue
                    }
                    living[instance.id] = process
                    recoverPipes(
                        of: instance.id, process,
                        logs.plans(app.spec, slot.index, slot.id, instance.generation), &found)
                    recoverChannel(of: instance.id, process, app.spec, &found)
                }
            }
        }
        let family = { (instance: InstanceID) in
            living[instance].map { [$0] + ProcFS.descendants(of: $0) } ?? []
        }
        ports.recover(found.file.listeners, from: family, into: &found.manifest.held)
        keeper.deposit(key: Loop.orphanedKey, nothing)
        scribe.log("keeper and daemon were both killed: \(living.count) instances run and are adopted")
    }

    /// A pipe is opened anew by whoever may look into the process (proc(5)).
    private func recoverPipes(
        of instance: InstanceID, _ process: Int32, _ plans: LogPump.Plans, _ found: inout Found
    ) {
        var seen: Set<UInt64> = []
        for (stream, number, file) in [
            (LogStream.out, 1, plans.output.path), (.error, 2, plans.error.path),
        ] {
            let path = "/proc/\(process)/fd/\(number)"
            guard let status = (try? File.status(path)) ?? nil, status.kind == .pipe,
                seen.insert(status.inode).inserted
            else { continue }
            do throws(SystemError) {
                let pipe = SharedDescriptor(try File.open(path, .nonBlocking))
                let id = StreamID(instance: instance, stream: stream)
                let key = id.key(path: file, limit: KeeperRequest.keyLimit)
                found.manifest.held[key] = pipe
                keeper.deposit(key: key, pipe)
            } catch {
                scribe.log("\(error): what instance \(instance.number) says is lost until it is reloaded")
            }
        }
    }

    private func recoverChannel(
        of instance: InstanceID, _ process: Int32, _ spec: AppSpec, _ found: inout Found
    ) {
        guard spec.mayReachNode, let handle = try? Processes.open(process),
            let copy = try? Processes.borrow(ChannelProvision.keepsakeNumber, through: handle.number)
        else { return }
        copy.setNonBlocking()
        let channel = SharedDescriptor(copy)
        found.manifest.held[Channels.key(instance)] = channel
        keeper.deposit(key: Channels.key(instance), channel)
    }

    /// The same process, and not another that has its number by now.
    private func isAlive(_ instance: SavedState.Instance, _ process: Int32, _ found: Found) -> Bool {
        guard let status = ProcFS.status(of: process), !status.isZombie else { return false }
        if let start = found.file.starts[instance.id] { return status.startTime == start }
        return ProcFS.environment(
            of: process, contains: "\(ProgramEnvironment.marker)=\(home.marker(of: instance.id))")
    }
}
