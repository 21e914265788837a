import Linux
import Testing

@Suite struct Reposing {
    @Test func `memory is given back once after each time of activity`() {
        var repose = Repose()
        #expect(repose.deadline == nil)
        #expect(!repose.begins(at: 1))
        repose.disturb(at: 10)
        #expect(repose.deadline == 10 + Repose.patience)
        #expect(!repose.begins(at: 9 + Repose.patience))
        #expect(repose.begins(at: 10 + Repose.patience))
        #expect(repose.deadline == nil)
        #expect(!repose.begins(at: 11 + Repose.patience))
    }

    @Test func `every disturbance puts it off`() {
        var repose = Repose()
        repose.disturb(at: 10)
        repose.disturb(at: 20)
        #expect(!repose.begins(at: 10 + Repose.patience))
        #expect(repose.begins(at: 20 + Repose.patience))
    }

    @Test func `code that was let go is there when it is needed`() {
        ThisProcess.releaseMemory()
        #expect(ThisProcess.identifier > 0)
    }
}
