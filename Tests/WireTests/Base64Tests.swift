import Testing
import Wire

@Suite struct ReadingBase64 {
    /// RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
        ("Zm9vYmFy", "foobar"),
    ]) func `text becomes the bytes it stands for`(text: String, bytes: String) {
        #expect(Base64Text.bytes(text) == Array(bytes.utf8))
    }

    @Test func `every digit counts`() {
        #expect(Base64Text.bytes("+/+/") == [0xFB, 0xFF, 0xBF])
        #expect(Base64Text.bytes("AZaz09+/")?.count == 6)
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zg=g", "Z===", "Zm9v\n", "Zm9 ", "Zm9v====", "ü==="])
    func `what stands for none is refused`(text: String) {
        #expect(Base64Text.bytes(text) == nil)
    }
}
