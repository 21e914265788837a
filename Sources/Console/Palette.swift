/// Colours, or none: the one place that knows SGR codes (ECMA-48).
public struct Palette: Equatable, Sendable {
    public static let plain = Palette(isEnabled: false)
    public static let colourful = Palette(isEnabled: true)

    public let isEnabled: Bool

    public init(isEnabled: Bool) { self.isEnabled = isEnabled }

    /// Less important than the rest.
    public func dimmed(_ text: String) -> String { paint(text, .dim) }

    /// What was looked for.
    public func marked(_ text: String) -> String { paint(text, .marked) }

    enum Style: String, Sendable {
        case plain = ""
        case bold = "1"
        case dim = "2"
        case inverse = "7"
        case red = "31"
        case green = "32"
        case yellow = "33"
        case blue = "34"
        case magenta = "35"
        case cyan = "36"
        case boldGreen = "1;32"
        case boldYellow = "1;33"
        case boldBlue = "1;34"
        case boldMagenta = "1;35"
        case boldCyan = "1;36"
        case marked = "1;30;43"
    }

    func paint(_ text: String, _ style: Style) -> String {
        guard isEnabled, style != .plain, !text.isEmpty else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }
}
