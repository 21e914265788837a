public import Supervision

/// What stands before each line that `logs` shows: which instance wrote it, and where.
public struct LogPrefix: Equatable, Sendable {
    private let text: String

    public init(id: SlotID, app: AppName, isError: Bool, width: Int, palette: Palette) {
        let label = Text.fitted(LogPrefix.label(id, app), to: width)
        text = palette.paint(label, isError ? .red : .green) + " | "
    }

    /// How wide the prefixes must be to stand in line.
    public static func width(of apps: [(SlotID, AppName)]) -> Int {
        min(32, apps.reduce(8) { max($0, Text.width(label($1.0, $1.1))) })
    }

    public func line(_ text: String) -> String { self.text + text }

    private static func label(_ id: SlotID, _ app: AppName) -> String {
        "\(id.number)|\(Wording.name(app))"
    }
}
