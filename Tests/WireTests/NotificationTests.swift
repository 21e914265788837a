import Supervision
import Testing

@testable import Wire

/// What programs say by sd_notify(3).
@Suite struct ReadingNotifications {
    private func words(_ text: String) -> [Word] { Notification.words(in: [UInt8](text)) }

    @Test func `each line is a word`() {
        #expect(
            words("READY=1\nSTATUS=serving\nMAINPID=4711\nWATCHDOG=1")
                == [.ready, .status("serving"), .mainProcess(ProcessID(4711)), .alive])
        #expect(words("RELOADING=1\nMONOTONIC_USEC=5\n") == [.reloading])
        #expect(words("STOPPING=1") == [.stopping])
        #expect(words("WATCHDOG=trigger") == [.trouble])
    }

    @Test func `what is not understood is passed over`() {
        #expect(
            words("READY=0\nFDSTORE=1\nBARRIER=1\nready=1\n=\n\nREADY\nMAINPID=1\nMAINPID=x\nERRNO=2").isEmpty
        )
        #expect(Notification.words(in: [0xFF, 0x00, 0x0A, 0x3D]).isEmpty)
    }

    @Test func `a status is bounded and moves no cursor`() {
        let long = String(repeating: "é", count: 400)
        #expect(words("STATUS=\(long)") == [.status(String(repeating: "é", count: Word.textLimit / 2))])
        #expect(words("STATUS=a\u{1B}[2Jb\tc") == [.status("a[2Jbc")])
        #expect(words("STATUS=a=b") == [.status("a=b")])
    }
}
