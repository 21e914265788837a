import Linux
import Testing

@Suite struct Reposing {
    /// When memory is given back, of these moments.
    private func times(_ repose: inout Repose, among moments: [Int64]) -> [Int64] {
        moments.filter { repose.begins(at: $0) }
    }

    @Test func `memory is given back once after each time of activity`() {
        var repose = Repose()
        #expect(repose.deadline == nil)
        #expect(times(&repose, among: [1]) == [])
        repose.disturb(at: 10)
        let due = 10 + Repose.patience
        #expect(repose.deadline == due)
        #expect(times(&repose, among: [due - 1, due, due + 1]) == [due])
        #expect(repose.deadline == nil)
    }

    @Test func `every disturbance puts it off`() {
        var repose = Repose()
        repose.disturb(at: 10)
        repose.disturb(at: 20)
        #expect(
            times(&repose, among: [10 + Repose.patience, 20 + Repose.patience]) == [20 + Repose.patience])
    }

    @Test func `code that was let go is there when it is needed`() throws {
        let events = try Poller().wait(atMost: .milliseconds(1), atRest: true)
        #expect(events.isEmpty)
    }
}
