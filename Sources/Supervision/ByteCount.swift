/// A number of bytes as people write it: `20M`, `1.5G`, `500K`; powers of 1024, as PM2 has it.
public enum ByteCount {
    public static func parse(_ text: String) -> Int64? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) || $0 == UInt8(ascii: ".") }
        let unit = String(Substring(text.utf8.dropFirst(digits.count))).uppercased()
        let units = ["", "K", "M", "G", "T"]
        guard let first = digits.first, first != UInt8(ascii: "."),
            let number = Double(String(Substring(digits))),
            let power = units.firstIndex(where: { unit == $0 || unit == "\($0)B" })
        else { return nil }
        let bytes = (0..<power).reduce(number) { value, _ in value * 1024 }
        return Int64(exactly: bytes.rounded())
    }
}
