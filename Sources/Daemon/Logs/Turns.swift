internal import Linux
internal import Supervision
internal import Wire

// MARK: - Turns

extension Pump {
    func turn(_ token: UInt64, at now: Int64) {
        guard let stream = streams[token] else { return }
        if !stalls.isEmpty, isHung(stream) { return endure(token, stream, at: now) }
        var rest = PumpedStream.Rest.untilReadable
        guard attempt(stream, of: token, { rest = stream.turn(at: now) }) else { return }
        settle(token, stream, rest)
    }

    func settle(_ token: UInt64, _ stream: PumpedStream, _ rest: PumpedStream.Rest) {
        tellOfTrouble(stream.id, stream.file, stream.trouble, stream.dropped)
        for file in [stream.file, stream.relay?.combined] { if let file { sendAway(file) } }
        fit(stream, rest)
        guard rest == .over else { return self.rest(token, stream, rest) }
        if stream.id.stream == .error, !stream.isFinished {
            var words: [String] = []
            guard attempt(stream, of: token, { words = stream.lastWords() }) else { return }
            parting[stream.id.instance] = words
        }
        isOver(token, stream.id)
    }

    func rest(_ token: UInt64, _ stream: PumpedStream, _ rest: PumpedStream.Rest) {
        if case .until(let time) = rest { resting[token] = time } else { resting[token] = nil }
        arm(token, stream, rest == .untilReadable)
    }

    func isOver(_ token: UInt64, _ id: StreamID) {
        reports.send(.over(id))
        forget(token, id)
    }

    func arm(_ token: UInt64, _ stream: PumpedStream, _ wanted: Bool) {
        guard stream.isArmed != wanted else { return }
        // One-shot without an interest: a hang-up that comes meanwhile is told once and not for ever.
        let interest: Poller.Interest = wanted ? .readable : .oneShot
        guard (try? poller.change(stream.pipe.number, token: token, for: interest)) != nil else { return }
        stream.isArmed = wanted
    }

    /// Busy pipes are made bigger within the budget for all, and smaller when they have fallen silent.
    private func fit(_ stream: PumpedStream, _ rest: PumpedStream.Rest) {
        let before = stream.growth
        if stream.isBusy, before == 0, growth + LogPolicy.largePipeCapacity <= LogPolicy.growthBudget {
            stream.resize(to: LogPolicy.largePipeCapacity)
        } else if rest == .untilReadable, before > 0 {
            stream.resize(to: LogPolicy.pipeCapacity)
        }
        growth += stream.growth - before
    }

    /// What was put aside is the archivist's.
    private func sendAway(_ file: LogFile) {
        if file.wasPutAside { archivist.tend([(file.path, file.rules)]) }
        file.wasPutAside = false
        guard let complaint = file.complaint else { return }
        file.complaint = nil
        reports.send(.complaint("\(complaint): \(file.path) is not rotated for a while"))
    }

    func tellOfTrouble(_ id: StreamID, _ file: LogFile, _ trouble: PumpedStream.Trouble?, _ dropped: Int) {
        let lost = dropped + (trouble?.dropped ?? 0)
        let told = troubled[id]
        if let trouble {
            if troubled.isEmpty { reports.send(.stuck(path: file.path, reason: trouble.reason)) }
            // Not each of a thousand small pieces.
            if let told, lost == 0 || lost < told * 2 { return }
            troubled[id] = lost
        } else {
            guard told != nil else { return }
            troubled[id] = nil
            if troubled.isEmpty { reports.send(.recovered) }
        }
        if lost > 0, lost != told { reports.send(.dropped(id, lost)) }
    }

    func forget(_ token: UInt64, _ id: StreamID) {
        guard let stream = streams.removeValue(forKey: token) else { return }
        poller.remove(stream.pipe.number)
        tokens[id] = nil
        resting[token] = nil
        hung[token] = nil
        if troubled.removeValue(forKey: id) != nil, troubled.isEmpty { reports.send(.recovered) }
        growth -= stream.growth
        let isHung = isHung(stream)
        if !isHung {
            stream.relay?.end()
            stream.file.finished(id)
        }
        for file in [stream.file, stream.relay?.combined] {
            guard let file else { continue }
            file.streams -= 1
            guard file.streams == 0 else { continue }
            files[file.path] = nil
            if isHung {
                leave(file)
            } else {
                guard attempt(file, { file.close() }) else { return }
            }
        }
    }
}
