/// What `swpm doctor` makes of what was found: a line for each thing, with what it costs and what to type.
public enum Doctor {
    public struct Finding {
        public var verdict: Verdict
        public var subject: String
        public var sentence: String
        /// What to type.
        public var remedy: String?

        init(_ subject: String, _ verdict: Verdict, _ sentence: String, _ remedy: String? = nil) {
            self.verdict = verdict
            self.subject = subject
            self.sentence = Text.sanitised(sentence)
            self.remedy = remedy.map { Text.sanitised($0) }
        }

        /// `trouble`: what is wrong and what it costs; nil: nothing.
        init(
            _ subject: String, fine: String, trouble: String?, _ remedy: String? = nil,
            _ verdict: Verdict = .limited
        ) {
            guard let trouble else {
                self.init(subject, .fine, fine)
                return
            }
            self.init(subject, verdict, trouble, remedy)
        }
    }

    public enum Verdict: String {
        case fine = "ok"
        /// It works, and something costs more than it should.
        case limited
        case broken

        fileprivate var style: Palette.Style {
            switch self {
            case .fine: .green
            case .limited: .yellow
            case .broken: .red
            }
        }
    }

    public static func findings(_ found: Symptoms) -> [Finding] {
        kernel(found) + limits(found) + clock(found) + home(found) + [state(found)] + aside(found)
            + service(found) + programs(found)
    }

    public static func report(_ findings: [Finding], palette: Palette) -> Report {
        Report(
            output: findings.map { line($0, palette) } + [summary(findings)], code: code(findings))
    }

    public static func code(_ findings: [Finding]) -> ExitCode {
        findings.contains { $0.verdict == .broken } ? .failed : .done
    }

    private static func line(_ finding: Finding, _ palette: Palette) -> String {
        let verdict = Text.fitted(finding.verdict.rawValue, to: 8)
        return palette.paint(verdict, finding.verdict.style) + Text.fitted(finding.subject, to: 13)
            + finding.sentence + (finding.remedy.map { " (type: \($0))" } ?? "")
    }

    private static func summary(_ findings: [Finding]) -> String {
        let broken = findings.count { $0.verdict == .broken }
        let limited = findings.count { $0.verdict == .limited }
        let head = broken == 0 ? "nothing is broken" : "\(Quantities.count(broken, "thing")) broken"
        return limited == 0 ? head : "\(head), \(limited) limited"
    }
}
