internal import Supervision

/// Reads one app from JSON, be it a person's file, a request, or what we wrote ourselves.
struct AppReader {
    enum Dialect {
        /// An ecosystem file: aliases, PM2's habits, and defaults from the file's place.
        case file(FileContext)
        /// A request: what is not understood is refused, because nobody reads warnings there.
        case request
        /// A snapshot or the saved state: complete, and possibly from a newer version.
        case own
    }

    struct FileContext {
        var path: String
        var directory: String
        var processors: Int
        var environmentName: String?
        /// What `~` stands for.
        var userHome: String?
    }

    let dialect: Dialect
    private(set) var warnings: [String] = []
    /// Whether some app had variables for the environment that was asked for.
    private(set) var foundEnvironment = false
    /// What goes over `env` when the app is complete: `port`, and over it the variables of the chosen environment.
    var port: UInt16?
    private var chosenVariables: [String: String] = [:]

    init(_ dialect: Dialect) {
        self.dialect = dialect
    }

    var file: FileContext? {
        if case .file(let context) = dialect { context } else { nil }
    }

    mutating func read(_ json: JSON) throws(JSONMismatch) -> AppSpec {
        guard case .object(let members) = json else {
            throw JSONMismatch(expected: "an app (an object with a \"script\")", found: json)
        }
        var spec = AppSpec(name: AppName(""), script: "", workingDirectory: file?.directory ?? "")
        spec.origin = file?.path
        port = nil
        chosenVariables = [:]
        var given: [AppAttribute: String] = [:]
        for member in members {
            guard let attribute = try recognize(member) else { continue }
            if let other = given.updateValue(member.key, forKey: attribute) {
                throw JSONMismatch("\"\(other)\" and \"\(member.key)\" mean the same").at(member.key)
            }
            guard member.value != .null else { continue }
            do {
                try set(attribute, to: member.value, in: &spec)
            } catch {
                throw error.under(.key(member.key))
            }
        }
        try complete(&spec, given)
        return spec
    }

    /// Nil for a member that is dealt with or may be skipped.
    private mutating func recognize(_ member: JSON.Member) throws(JSONMismatch) -> AppAttribute? {
        let key = member.key
        // Our own notes and the daemon's answers have the first name of each, and need no table of the others.
        if let attribute = AppAttribute(rawValue: key) ?? AppAttribute.byName[key], isWelcome(attribute) {
            return attribute
        }
        switch dialect {
        case .own: return nil
        case .request:
            guard !UnsupportedAttribute.names.contains(key) else {
                throw JSONMismatch("\(key) is not supported yet").at(key)
            }
        case .file(let context):
            if UnsupportedAttribute.names.contains(key) {
                guard key != "watch" || member.value != .bool(false) else { return nil }
                let instead = key == "watch" ? ": after a change type \"swpm reload <app>\"" : ""
                warn("\(key) is not supported yet and is ignored\(instead)")
                return nil
            }
            if key == "env_file" {
                throw JSONMismatch("env_file is not supported yet; write the variables into \"env\"").at(key)
            }
            if key.hasPrefix("env_"), key != "env_" {
                try takeEnvironment(member, chosen: context.environmentName)
                return nil
            }
        }
        throw JSONMismatch.unknownKey(key, among: AppAttribute.offered)
    }

    private func isWelcome(_ attribute: AppAttribute) -> Bool {
        switch dialect {
        case .file: attribute != .inherited && attribute != .origin
        case .request: attribute != .inherited
        case .own: true
        }
    }

    private mutating func takeEnvironment(_ member: JSON.Member, chosen: String?) throws(JSONMismatch) {
        do {
            let variables = try AppReader.environment(member.value)
            guard let chosen, member.key == "env_\(chosen)" else { return }
            chosenVariables = variables
            foundEnvironment = true
        } catch {
            throw error.under(.key(member.key))
        }
    }

    private mutating func warn(_ warning: String) {
        if !warnings.contains(warning) { warnings.append(warning) }
    }
}

// MARK: - Complete

extension AppReader {
    private func complete(_ spec: inout AppSpec, _ given: [AppAttribute: String]) throws(JSONMismatch) {
        guard !spec.script.isEmpty else {
            throw JSONMismatch(given[.script] == nil ? "this app has no \"script\"" : "the script is empty")
        }
        guard !spec.workingDirectory.isEmpty else { throw JSONMismatch("this app has no \"cwd\"") }
        if spec.name.name.isEmpty { spec.name.name = AppName.derived(fromScript: spec.script) }
        if let objection = AppName.objection(to: spec.name.name) {
            throw JSONMismatch("the name \"\(spec.name.name)\" \(objection)")
        }
        complete(&spec.logs, in: spec.workingDirectory)
        if given[.mode] == nil, spec.instances > 1 { spec.mode = .cluster }
        if let port { spec.environment["PORT"] = String(port) }
        spec.environment.merge(chosenVariables) { $1 }
    }
}

extension JSONMismatch {
    /// The key itself is what is wrong.
    func at(_ key: String) -> JSONMismatch {
        var mismatch = under(.key(key))
        mismatch.isAboutKey = true
        return mismatch
    }

    static func unknownKey(_ key: String, among known: some Sequence<String>) -> JSONMismatch {
        let isCamelCase = key.contains { $0.isUppercase }
        let hint = Spelling.nearest(to: key, among: known).map {
            " (did you mean \"\(isCamelCase ? AppAttribute.camelCased($0) : $0)\"?)"
        }
        return JSONMismatch("unknown key \"\(key)\"\(hint ?? "")").at(key)
    }
}
