public import Supervision

/// What an ecosystem file says: apps, and what in it was not understood.
///
/// It is JSON as people write it: comments, trailing commas, single quotes and unquoted keys are welcome, a key
/// that nobody knows is not.
public struct EcosystemFile: Equatable, Sendable {
    public var apps: [AppSpec]
    /// To be shown to whoever started it: what is in the file and has no effect.
    public var warnings: [String]

    /// Reads a file.
    ///
    /// A `cwd` that is relative or absent is taken from the file's own directory, so that the same file means the
    /// same apps wherever the command is typed. `environment` chooses the variables of `env_<name>`.
    public static func decode(
        _ bytes: [UInt8], path: String, callerDirectory: String, processors: Int, environment: String? = nil,
        userHome: String? = nil
    ) throws(EcosystemError) -> EcosystemFile {
        let origin = FilePath.normalized(FilePath.join(callerDirectory, path))
        let context = AppReader.FileContext(
            path: origin, directory: FilePath.directory(of: origin), processors: max(1, processors),
            environmentName: environment, userHome: userHome)
        do throws(JSONError) {
            let json = try JSON(parsing: bytes, options: .configuration)
            do throws(JSONMismatch) {
                return try EcosystemFile(json, context)
            } catch {
                throw JSONError(error, in: bytes, options: .configuration)
            }
        } catch {
            throw EcosystemError(path: path, place: error)
        }
    }

    private init(_ json: JSON, _ context: AppReader.FileContext) throws(JSONMismatch) {
        var reader = AppReader(.file(context))
        let listed = try EcosystemFile.listed(json)
        guard listed.apps.count <= Limits.apps else {
            throw JSONMismatch("more than \(Limits.apps) apps")
        }
        apps = []
        for (app, path) in listed.apps {
            do throws(JSONMismatch) {
                let spec = try reader.read(app)
                guard !apps.contains(where: { $0.name == spec.name }) else {
                    throw JSONMismatch(
                        "two apps are called \"\(spec.name)\"; give each a \"name\" of its own")
                }
                apps.append(spec)
            } catch {
                throw path.reversed().reduce(error) { $0.under($1) }
            }
        }
        warnings = listed.warnings + reader.warnings
        if let name = context.environmentName, !reader.foundEnvironment {
            warnings.append("no app has an \"env_\(name)\"")
        }
    }
}

/// Why a file is not taken, in the form that editors and people jump to: `path:line:column: message`.
public struct EcosystemError: Error, Equatable, Sendable, CustomStringConvertible {
    public var path: String
    public var place: JSONError

    public init(path: String, place: JSONError) {
        self.path = path
        self.place = place
    }

    public var description: String { "\(path):\(place)" }
}

// MARK: - Shapes

extension EcosystemFile {
    private typealias Listed = (apps: [(JSON, [JSONStep])], warnings: [String])

    /// `{apps: [...]}`, `{apps: {...}}`, `{pm2: ...}`, `[...]`, or one app alone.
    private static func listed(_ json: JSON) throws(JSONMismatch) -> Listed {
        switch json {
        case .array: return (try elements(json, under: []), [])
        case .object(let members):
            if let apps = json["apps"] {
                return (try elements(apps, under: [.key("apps")]), try otherKeys(members))
            }
            // A package.json: the rest of it belongs to somebody else.
            if let apps = json["pm2"] {
                if let inner = apps["apps"] {
                    return (try elements(inner, under: [.key("pm2"), .key("apps")]), [])
                }
                return (try elements(apps, under: [.key("pm2")]), [])
            }
            if members.isEmpty { throw JSONMismatch("this file has no \"apps\"") }
            return ([(json, [])], [])
        case .null, .bool, .integer, .double, .string:
            throw JSONMismatch(expected: "an object with \"apps\"", found: json)
        }
    }

    private static func elements(
        _ json: JSON, under path: [JSONStep]
    ) throws(JSONMismatch) -> [(JSON, [JSONStep])] {
        switch json {
        case .array(let elements): return elements.enumerated().map { ($1, path + [.index($0)]) }
        case .object: return [(json, path)]
        case .null, .bool, .integer, .double, .string:
            throw path.reversed().reduce(JSONMismatch(expected: "an array of apps", found: json)) {
                $0.under($1)
            }
        }
    }

    private static func otherKeys(_ members: [JSON.Member]) throws(JSONMismatch) -> [String] {
        var warnings: [String] = []
        for key in members.map(\.key) where key != "apps" && key != "$schema" {
            guard key == "deploy" || key == "static" else {
                throw JSONMismatch.unknownKey(key, among: ["apps", "deploy"])
            }
            warnings.append("\(key) is not supported yet and is ignored")
        }
        return warnings
    }
}
