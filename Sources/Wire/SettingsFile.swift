/// `$SWPM_HOME/config.json`: what holds for all apps of one swpm.
public struct SettingsFile: Equatable, Sendable {
    /// A group, by name or number, whose members may look and change nothing.
    public var controlGroup: String?

    public init(parsing bytes: [UInt8]) throws(JSONError) {
        let json = try JSON(parsing: bytes)
        do throws(JSONMismatch) {
            guard case .object(let members) = json else {
                throw JSONMismatch(expected: "an object", found: json)
            }
            for member in members where member.key != "control_group" {
                throw JSONMismatch.unknownKey(member.key, among: ["control_group"])
            }
            var fields = try JSONFields(json, clock: WallClock())
            controlGroup = try fields.optional("control_group")
        } catch {
            throw JSONError(error, in: bytes, options: .strict)
        }
    }
}
