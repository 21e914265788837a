public import Supervision

/// What stands before each line that `logs` shows: which instance wrote it, and where.
public struct LogPrefix: Equatable, Sendable {
    private let output: String
    private let errors: String

    /// Of apps, by their places, and of neighbours among the instances of one.
    private static let colours: [[Palette.Style]] = [
        [.cyan, .boldCyan], [.green, .boldGreen], [.yellow, .boldYellow], [.magenta, .boldMagenta],
        [.blue, .boldBlue],
    ]

    /// `id`: nil where several instances write. `place` tells apps apart by colour.
    public init(id: SlotID?, app: AppName, place: Int, width: Int, palette: Palette) {
        let colours = LogPrefix.colours[place % LogPrefix.colours.count]
        let label = palette.paint(
            Text.fitted(LogPrefix.label(id, app), to: width), colours[(id?.number ?? 0) % colours.count])
        output = label + " | "
        errors = label + palette.paint(" | ", .red)
    }

    /// How wide the prefixes must be to stand in line.
    public static func width(of apps: [(SlotID?, AppName)]) -> Int {
        min(32, apps.reduce(8) { max($0, Text.width(label($1.0, $1.1))) })
    }

    public func text(isError: Bool) -> String { isError ? errors : output }

    private static func label(_ id: SlotID?, _ app: AppName) -> String {
        "\(id.map { "\($0.number)|" } ?? "")\(Wording.name(app))"
    }
}
