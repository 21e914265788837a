import Testing

@testable import Wire

@Suite struct ReadingJSON {
    private func strict(_ text: String) throws -> JSON { try JSON(parsing: [UInt8](text)) }
    private func relaxed(_ text: String) throws -> JSON {
        try JSON(parsing: [UInt8](text), options: .configuration)
    }

    @Test func `every kind of value`() throws {
        let json = try strict(
            #" {"a": [null, true, false, -0, 12, -9223372036854775808, 1.5, 2E3, "x"], "b": {}, "c": []} "#)
        let expected: JSON = .object([
            .init(
                "a",
                .array([
                    .null, .bool(true), .bool(false), .integer(0), .integer(12), .integer(.min), .double(1.5),
                    .double(2000), .string("x"),
                ])),
            .init("b", .object([])), .init("c", .array([])),
        ])
        #expect(json == expected)
        #expect(json["a"]?[4] == .integer(12) && json["d"] == nil && json["a"]?[9] == nil)
    }

    @Test func `whole numbers stay whole while they fit`() throws {
        #expect(try strict("9223372036854775807") == .integer(.max))
        #expect(try strict("9223372036854775808") == .double(9_223_372_036_854_775_808))
        #expect(try strict("-9223372036854775809") == .double(-9_223_372_036_854_775_808))
        #expect(try strict("1.0") == .double(1))
    }

    @Test func `escapes`() throws {
        #expect(
            try strict(#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude80""#)
                == .string("\"\\/\u{8}\u{C}\n\r\tAé🚀"))
        #expect(try strict(#""\u0000""#) == .string("\0"))
    }

    @Test(arguments: [
        #""\ud83d""#, #""\ude80""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\ud83d\ud83d""#, #""\u12""#,
        #""\u12G4""#,
        #""\x41""#, #""\"#, "\"a", "\"a\nb\"", "\"\u{1}\"", "'a'", "[1,]", "[1 2]", "[,]", "[", "]", "{",
        "{]",
        #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{a:1}"#, #"{1:1}"#, #"{"a":1 "b":2}"#, #"{"a":1,"a":2}"#, "01",
        "-", "+1", ".5", "5.", "1e", "1e+", "0x10", "1a", "--1", "1e999", "NaN", "Infinity", "tru", "truex",
        "nul",
        "True", "", " ", "1 1", "// a\n1", "1 // a", "/* a */1", "\u{FEFF}1", "\u{A0}1",
    ])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONError.self, "\(text)") { try strict(text) }
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22],
            [0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xFF, 0x22], [0x80],
            [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D],
        ] as [[UInt8]])
    func `what is not UTF-8 is refused`(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON(parsing: bytes) }
    }

    @Test func `people may write as they like`() throws {
        let json = try relaxed(
            "\u{FEFF}// first\n{ /* two\nlines */ name: 'it\\'s', 'b': [1, 2,], $c_9: \"x\\\ny\", // last\n}")
        let expected: JSON = .object([
            .init("name", .string("it's")), .init("b", .array([.integer(1), .integer(2)])),
            .init("$c_9", .string("xy")),
        ])
        #expect(json == expected)
    }

    @Test(arguments: [
        ("{\n  a: 1,\n  a: 2\n}", "3:3: the key \"a\" stands here twice"),
        ("{\n  é: 1}", "2:3: expected a key, found a character that is not ASCII"),
        ("{\"é\": 1 x}", "1:9: expected ',' or '}', found 'x'"),
        ("{a: 1", "1:6: expected ',' or '}', but the text ends"),
        ("{a: 'x\n}", "1:5: this string does not end on its line"),
        ("[1, /* 2]", "1:5: this comment never ends"),
        ("{a: 1} x", "1:8: expected the end, found 'x'"),
        ("{a = 1}", "1:4: expected ':' after the key \"a\", found '='"),
        ("[yes]", "1:2: expected a value, found 'y'"),
    ])
    func `an error names its place`(text: String, message: String) {
        do {
            _ = try JSON(parsing: [UInt8](text), options: .configuration)
            Issue.record("no error for \(text)")
        } catch {
            #expect("\(error)" == message)
        }
    }

    @Test func `repeated keys are found in large objects too`() throws {
        let keys = (0..<40).map { "\"k\($0)\":0" }.joined(separator: ",")
        #expect(throws: Never.self) { try strict("{\(keys)}") }
        #expect(throws: JSONError.self) { try strict("{\(keys),\"k3\":1}") }
        #expect(throws: JSONError.self) { try strict("{\(keys),\"k39\":1}") }
    }

    @Test func `the place of any value can be found again`() throws {
        let text = "{a: [0, {b: 'x', c: [7, 8]}], d: 1}"
        let bytes = [UInt8](text)
        func place(_ path: [JSONStep], atKey: Bool = false) -> Int? {
            bytes.withUnsafeBufferPointer {
                var parser = JSONParser(bytes: $0, options: .configuration)
                return parser.offset(of: path, atKey: atKey)
            }
        }
        #expect(place([]) == 0)
        #expect(place([.key("a"), .index(1), .key("c"), .index(1)]) == text.utf8Offset(of: "8"))
        #expect(place([.key("d")]) == text.utf8Offset(of: "1}"))
        #expect(place([.key("a"), .index(1), .key("b")], atKey: true) == text.utf8Offset(of: "b:"))
        #expect(place([.key("z")]) == nil)
    }
}

@Suite struct WritingJSON {
    @Test func `structure and escapes`() throws {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("a", "q\"b\\n\n\u{1}\u{1F}é🚀/")
            writer.field("b", Int64.min)
            writer.field("c", UInt64.max)
            writer.field("d", ["x", ""])
            writer.key("e")
            writer.object { _ in }
            writer.key("f")
            writer.double(.nan)
            writer.key("g")
            writer.double(0.1)
            writer.field("h", false)
        }
        #expect(
            writer.bytes.text
                == #"{"a":"q\"b\\n\n\u0001\u001fé🚀/","b":-9223372036854775808,"c":18446744073709551615,"#
                + #""d":["x",""],"e":{},"f":null,"g":0.1,"h":false}"#)
    }

    @Test func `random trees come back as they were`() throws {
        for seed: UInt64 in 0..<300 {
            var dice = Dice(seed: seed)
            let json = dice.json(depth: 4)
            var writer = JSONWriter()
            writer.value(json)
            #expect(try JSON(parsing: writer.bytes, options: .answer) == json, "seed \(seed)")
        }
    }
}

extension Dice {
    mutating func json(depth: Int) -> JSON {
        switch roll(0...(depth > 0 ? 6 : 4)) {
        case 0: .null
        case 1: .bool(flip())
        case 2: .integer(Int64.random(in: .min ... .max, using: &self))
        case 3: .double(Double.random(in: -1e300...1e300, using: &self) + 0.5)
        case 4: .string(text())
        case 5: .array(many(0...4) { $0.json(depth: depth - 1) })
        default: .object(many(0...4) { JSON.Member($0.text(), $0.json(depth: depth - 1)) })
        }
    }
}

extension String {
    func utf8Offset(of part: String) -> Int? {
        ranges(of: part).first.map { utf8.distance(from: startIndex, to: $0.lowerBound) }
    }
}
