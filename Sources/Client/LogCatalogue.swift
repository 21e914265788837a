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
            if source.isError { entry.errors = source.path } else { entry.output = source.path }
            paths[source.id] = entry
        }
        return paths
    }

    /// Those of an app, a namespace, or an id; all without a name.
    func matching(_ target: String?) -> [LogSource] {
        guard let target else { return sources }
        let tests: [(LogSource) -> Bool] = [
            { $0.app.name == target || $0.app.description == target }, { $0.app.namespace == target },
            { "\($0.id.number)" == target },
        ]
        // As selectors do it: a name before a namespace before an id.
        for test in tests where sources.contains(where: test) { return sources.filter(test) }
        return []
    }
}

/// One log file.
struct LogSource: Hashable {
    var id: SlotID
    var app: AppName
    var isError: Bool
    var path: String
}

// MARK: - Where they are found

extension LogCatalogue {
    /// As the daemon names them; nil where none runs.
    static func fromDaemon(_ caller: Caller) throws(Stop) -> LogCatalogue? {
        guard let body = try caller.ask(.jlist) else { return nil }
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
        return [("pm_out_log_path", false), ("pm_err_log_path", true)].compactMap { key, isError in
            guard case .string(let path)? = details[key] else { return nil }
            return LogSource(id: SlotID(Int(id)), app: app, isError: isError, path: path)
        }
    }

    /// As their names tell, where nobody can be asked: `<app>-<out|error>-<slot>.log`.
    static func fromDirectory(_ path: String) -> LogCatalogue {
        // No directory: no logs.
        let names = (try? Directory.names(in: path)) ?? []
        return LogCatalogue(sources: names.compactMap { source(named: $0, in: path) })
    }

    static func source(named name: String, in directory: String) -> LogSource? {
        guard let file = LogFileName(name) else { return nil }
        return LogSource(
            id: SlotID(file.slot.number), app: AppName(file.app), isError: file.stream == .error,
            path: "\(directory)/\(name)")
    }
}
