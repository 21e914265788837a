internal import Console
internal import Linux
internal import Supervision
internal import Wire

/// Which log files there are, and whose.
struct LogCatalogue {
    var sources: [LogSource]

    /// Where each slot writes, for `describe`.
    var paths: [SlotID: Description.LogPaths] {
        var paths: [SlotID: Description.LogPaths] = [:]
        for source in sources {
            var entry = paths[source.id] ?? Description.LogPaths(output: "", errors: "")
            if source.stream != .out { entry.errors = source.path }
            if source.stream != .error { entry.output = source.path }
            paths[source.id] = entry
        }
        return paths
    }

    /// Those of an app, a namespace, or an id; all without a name. Each file once.
    func matching(_ target: String?) -> [LogSource] {
        guard let target else { return LogCatalogue.distinct(sources) }
        let tests: [(LogSource) -> Bool] = [
            { $0.app.name == target || $0.app.description == target }, { $0.app.namespace == target },
            { "\($0.id.number)" == target },
        ]
        // As selectors do it: a name before a namespace before an id.
        for test in tests where sources.contains(where: test) {
            return LogCatalogue.distinct(sources.filter(test))
        }
        return []
    }

    /// Those of some slots, each file once.
    func matching(_ slots: [SlotID]) -> [LogSource] {
        LogCatalogue.distinct(sources.filter { slots.contains($0.id) })
    }

    /// Several slots, and both streams, may write to one file.
    private static func distinct(_ sources: [LogSource]) -> [LogSource] {
        var places: [String: Int] = [:]
        var distinct: [LogSource] = []
        for source in sources {
            if let place = places[source.path] {
                distinct[place].isShared = distinct[place].isShared || distinct[place].id != source.id
                if distinct[place].stream != source.stream { distinct[place].stream = nil }
            } else {
                places[source.path] = distinct.count
                distinct.append(source)
            }
        }
        return distinct
    }
}

/// One log file.
struct LogSource: Hashable {
    var id: SlotID
    var app: AppName
    /// Nil: both write to it.
    var stream: LogStream?
    var path: String
    /// Several slots write to it.
    var isShared = false
    /// Each line is an object around what the program said (`log_type: "json"`).
    var isJSON = false
    /// Each line says when it was written (`log_date_format`).
    var isStamped = false
    /// The version that runs there, or would; nil: nobody knows.
    var generation: UInt16?

    var isError: Bool { stream == .error }
}

extension LogSource {
    /// The files of a slot. One for both streams is read only where they have none of their own, which say the same.
    static func of(_ id: SlotID, _ app: AppName, _ files: LogFiles) -> [LogSource] {
        let own: [(LogStream?, String)] = [(.out, files.output), (.error, files.error)]
        var found = own.filter { $0.1 != LogFiles.nowhere && !$0.1.isEmpty }
        if found.isEmpty, let combined = files.combined { found = [(nil, combined)] }
        return found.map { LogSource(id: id, app: app, stream: $0.0, path: $0.1) }
    }
}

// MARK: - Where they are found

extension LogCatalogue {
    /// As the daemon names them; nil where none runs.
    static func fromDaemon(
        _ caller: Caller, within patience: Duration = Caller.patience
    ) throws(Stop) -> LogCatalogue? {
        guard let body = try caller.ask(.jlist, within: patience) else { return nil }
        do throws(JSONError) {
            guard case .array(let entries) = try JSON(parsing: body, options: .answer) else {
                return LogCatalogue(sources: [])
            }
            return LogCatalogue(sources: entries.flatMap(sources))
        } catch {
            throw .notUnderstood("\(error)")
        }
    }

    private static func sources(_ entry: JSON) -> [LogSource] {
        guard case .integer(let id)? = entry["pm_id"], case .string(let name)? = entry["name"],
            let details = entry["pm2_env"]
        else { return [] }
        var app = AppName(name)
        if case .string(let namespace)? = details["namespace"] { app.namespace = namespace }
        func path(_ key: String) -> String? {
            if case .string(let path)? = details[key] { path } else { nil }
        }
        let files = LogFiles(
            output: path("pm_out_log_path") ?? LogFiles.nowhere,
            error: path("pm_err_log_path") ?? LogFiles.nowhere, combined: path("pm_log_path"))
        return LogSource.of(SlotID(Int(id)), app, files).map { source in
            var source = source
            source.isJSON = path("log_type") == "json"
            source.isStamped = path("log_date_format") != nil
            if case .integer(let number)? = details["generation"] {
                source.generation = TimeIndex.Record.mark(of: Int(number))
            }
            return source
        }
    }

    /// Without a daemon: what it left behind says which apps there are; else names of files do.
    static func fromHome(_ home: Home) -> LogCatalogue {
        guard let bytes = try? File.read(home.state), let file = try? StateFile(parsing: bytes) else {
            return fromDirectory(home.logs)
        }
        let sources = file.state.apps.flatMap { app in
            app.slots.flatMap { slot in
                LogSource.of(slot.id, app.spec.name, app.spec.logFiles(of: slot.index, in: home.logs)).map {
                    var source = $0
                    source.isJSON = app.spec.logs.isJSON
                    source.isStamped = app.spec.logs.dateFormat != nil
                    source.generation = TimeIndex.Record.mark(of: app.generation.number)
                    return source
                }
            }
        }
        return LogCatalogue(sources: sources)
    }

    /// As their names tell: also those of apps that were deleted.
    static func fromDirectory(_ path: String) -> LogCatalogue {
        // No directory: no logs.
        let names = (try? Directory.names(in: path)) ?? []
        let sources = names.compactMap { source(named: $0, in: path) }
        // One file for both streams only where there is none for each.
        let apart = Set(sources.filter { $0.stream != nil }.map(\.app))
        return LogCatalogue(sources: sources.filter { $0.stream != nil || !apart.contains($0.app) })
    }

    static func source(named name: String, in directory: String) -> LogSource? {
        guard let file = LogFileName(name) else { return nil }
        return LogSource(
            id: SlotID(file.slot?.number ?? 0), app: AppName(file.app), stream: file.stream,
            path: "\(directory)/\(name)", isShared: file.slot == nil)
    }
}
