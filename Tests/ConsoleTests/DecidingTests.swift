import Supervision
import Testing

@testable import Console

@Suite struct Deciding {
    private let web = AppName("web")

    @Test func `a canary is announced with what to type next`() {
        let outcome = Outcome(
            app: web, change: .canary, instances: 4, note: .canary(Generation(3), percent: 5))
        #expect(
            Report(.done([outcome])).output == [
                "web: 5 % of new connections go to generation 3",
                "  to go on to all instances: swpm promote web", "  to end it: swpm rollback web",
            ])
    }

    @Test func `a way back names the version and where it lies`() {
        let ended = Outcome(
            app: web, change: .reverted, instances: 4, note: .wentBack(to: Generation(2), directory: nil))
        #expect(Report(.done([ended])).output == ["web: back to generation 2, 4 instances"])
        let undone = Outcome(
            app: web, change: .reverted, instances: 4,
            note: .wentBack(to: Generation(2), directory: "/srv/releases/42"))
        #expect(
            Report(.done([undone])).output.first
                == "web: back to generation 2 in /srv/releases/42, 4 instances")
    }

    @Test(arguments: [
        Refusal.noCanary(AppName("web")), .nothingBefore(AppName("web")),
        .sameBefore(AppName("web"), Generation(2)),
    ]) func `nothing to promote or to go back to is a failure that says so`(_ refusal: Refusal) {
        let report = Report(.refused(refusal))
        #expect(report.code == .failed)
        #expect(report.errors.first?.hasPrefix("web has ") == true)
        #expect(report.errors.last?.contains(": swpm reload web") == true, "what to type next")
    }
}
