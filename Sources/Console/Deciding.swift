internal import Supervision

// What there is to say of canaries, and of going back.

extension Wording {
    static func decision(_ outcome: Outcome) -> [String] {
        let app = name(outcome.app)
        let count = Quantities.count(outcome.instances, "instance")
        switch outcome.note {
        case .canary(let generation, let percent):
            return [
                "\(app): \(percent) % of new connections go to generation \(generation.number)",
                hint("swpm promote \(typed(app))", "to go on to all instances"),
                hint("swpm rollback \(typed(app))", "to end it"),
            ]
        case .promoted(let generation):
            return ["\(app): generation \(generation.number) is promoted, \(count)"]
        case .wentBack(let generation, let directory):
            let place = directory.map { " in \(Text.sanitised($0))" } ?? ""
            let line = "\(app): back to generation \(generation.number)\(place), \(count)"
            return directory == nil ? [line] : [line, unchangedFiles]
        case nil:
            return ["\(app): \(count)"]
        }
    }

    private static let unchangedFiles =
        "  files and links are as they were: the next start from them goes forward again"

    static func nothingToDecide(_ refusal: Refusal) -> [String] {
        switch refusal {
        case .noCanary(let app):
            [
                "\(name(app)) has no canary",
                hint("swpm reload \(typed(name(app))) --canary 5%", "to begin one"),
            ]
        case .nothingBefore(let app):
            [
                "\(name(app)) has nothing to go back to: no version before this one is known",
                hint("swpm reload \(typed(name(app)))", "when its files are what they should be"),
            ]
        case .sameBefore(let app, let generation):
            [
                "\(name(app)) has nothing to go back to: generation \(generation.number) ran the same command in "
                    + "the same directory; what changed are files",
                hint("swpm reload \(typed(name(app)))", "when they are as they were"),
            ]
        case .noSuchApp, .tooMany, .invalid, .shuttingDown:
            []
        }
    }
}
