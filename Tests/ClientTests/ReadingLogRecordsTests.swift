import Console
import Supervision
import Testing

@testable import Client

/// Lines as the documentation of each logger shows them.
@Suite struct ReadingLogRecords {
    private static let samples: [(String, LogLevel, String)] = [
        // pino
        (
            #"{"level":30,"time":1531171074631,"msg":"hello world","pid":657,"hostname":"Davids-MBP-3.fritz.box"}"#,
            .info, "INFO  hello world"
        ),
        (
            #"{"level":50,"time":1531171074631,"pid":657,"hostname":"h","err":{"type":"Error","message":"boom","stack":"Error: boom\n    at main (/a.js:3:12)"},"msg":"failed"}"#,
            .error, "ERROR failed err=boom\n      Error: boom\n          at main (/a.js:3:12)"
        ),
        // pino without a message
        (#"{"level":20,"time":1531171074631,"pid":1,"hostname":"h","a":1}"#, .debug, "DEBUG a=1"),
        // bunyan
        (
            #"{"name":"myapp","hostname":"banana.local","pid":40161,"level":40,"lang":"fr","msg":"au revoir","time":"2013-01-04T18:46:23.853Z","v":0}"#,
            .warn, "WARN  au revoir lang=fr"
        ),
        // winston
        (
            #"{"level":"info","message":"Hello distributed log files!"}"#, .info,
            "INFO  Hello distributed log files!"
        ),
        (
            #"{"level":"silly","message":"x","service":"user-service","timestamp":"2020-01-01T00:00:00.000Z"}"#,
            .trace,
            "TRACE x service=user-service"
        ),
        // zap
        (
            #"{"level":"info","ts":1526503345.5462222,"caller":"zap/options.go:212","msg":"failed to fetch URL","url":"http://example.com","attempt":3,"backoff":1}"#,
            .info,
            "INFO  failed to fetch URL caller=zap/options.go:212 url=http://example.com attempt=3 backoff=1"
        ),
        (
            #"{"level":"dpanic","ts":1526503345.5,"msg":"oops","stacktrace":"main.main\n\t/main.go:9"}"#,
            .fatal,
            "FATAL oops\n      main.main\n          /main.go:9"
        ),
        // slog
        (
            #"{"time":"2022-11-08T15:28:26.000000000-05:00","level":"INFO","msg":"hello","count":3}"#, .info,
            "INFO  hello count=3"
        ),
        (#"{"time":"2022-11-08T15:28:26-05:00","level":"ERROR+4","msg":"out"}"#, .fatal, "FATAL out"),
        (#"{"time":"2022-11-08T15:28:26-05:00","level":"DEBUG-4","msg":"in"}"#, .trace, "TRACE in"),
        // zerolog
        (#"{"time":1516134303,"level":"debug","message":"hello world"}"#, .debug, "DEBUG hello world"),
        (
            #"{"level":"fatal","error":"A repo man spends his life","service":"myservice","time":1516133263,"message":"Cannot start myservice"}"#,
            .fatal, #"FATAL Cannot start myservice error="A repo man spends his life" service=myservice"#
        ),
        // logrus
        (
            #"{"animal":"walrus","level":"warning","msg":"The group's number increased tremendously!","number":122,"omg":true,"time":"2014-03-10 19:57:38.562471297 -0400 EDT"}"#,
            .warn, "WARN  The group's number increased tremendously! animal=walrus number=122 omg=true"
        ),
    ]

    @Test(arguments: samples) func `a logger's line is shown readably`(
        line: String, level: LogLevel, shown: String
    ) throws {
        let record = try #require(LogRecord(line: Array(line.utf8)[...]))
        #expect(record.level == level)
        #expect(record.lines(.plain, marking: LogMarker([], .plain).marked).joined(separator: "\n") == shown)
    }

    @Test(
        arguments: [
            ("1531171074631", 1_531_171_074_631_000_000), ("1516134303", 1_516_134_303_000_000_000),
            ("1526503345.5", 1_526_503_345_500_000_000), ("1531171074631000000", 1_531_171_074_631_000_000),
            (#""2013-01-04T18:46:23.851Z""#, 1_357_325_183_851_000_000),
            (#""2022-11-08T15:28:26.000000000-05:00""#, 1_667_939_306_000_000_000),
            (#""2014-03-10 19:57:38.562264131 -0400 EDT""#, 1_394_495_858_562_264_131), (#""later""#, nil),
            ("7", nil),
        ] as [(String, Int64?)]) func `the time is what the program says`(time: String, expected: Int64?)
        throws
    {
        let line = #"{"level":"info","msg":"x","time":\#(time)}"#
        #expect(try #require(LogRecord(line: Array(line.utf8)[...])).time == expected)
    }

    @Test(arguments: [
        "", "plain", "{", #"{"a":1}"#, #"{"msg":"only"}"#, #"{"level":"info"}"#, "[1,2]",
        #"{"level":"loud","msg":1}"#,
        #"{"level":30,"time":"x"} trailing"#, "{\"msg\":\"\u{0}",
    ]) func `what is no line of a logger is left as it is`(line: String) {
        #expect(LogRecord(line: Array(line.utf8)[...]) == nil)
    }

    @Test func `colours tell levels apart, and nothing steers the terminal`() throws {
        let line = #"{"level":50,"time":1531171074631,"msg":"a\u001b[2Jb","k\u0007":"c\td"}"#
        let record = try #require(LogRecord(line: Array(line.utf8)[...]))
        #expect(
            record.lines(.colourful, marking: LogMarker([], .colourful).marked) == [
                "\u{1B}[31mERROR\u{1B}[0m ab \u{1B}[36mk\u{FFFD}=\u{1B}[0m\"c    d\""
            ])
    }

    @Test func `levels by name and number`() {
        #expect(LogLevel(number: 35) == .info && LogLevel(number: 60) == .fatal && LogLevel(number: 9) == nil)
        #expect(LogLevel(name: "WARNING") == .warn && LogLevel(name: "info+2") == .info)
        #expect(LogLevel(name: "loud") == nil && LogLevel(name: "") == nil)
        #expect(LogLevel.warn < .error)
    }

    @Test func `a level leaves out what is less serious, and keeps what says nothing`() throws {
        let source = LogSource(id: SlotID(0), app: AppName("web"), stream: .out, path: "/x")
        var filter = LogFilter()
        filter.level = .warn
        func passes(_ line: String) -> Bool { filter.passes(Array(line.utf8)[...], of: source) }
        #expect(passes(#"{"level":40,"time":1531171074631,"msg":"x"}"#))
        #expect(passes(#"{"level":"error","message":"x"}"#))
        #expect(!passes(#"{"level":30,"time":1531171074631,"msg":"x"}"#))
        #expect(!passes(#"{"level":"INFO","time":"2022-11-08T15:28:26-05:00","msg":"x"}"#))
        #expect(passes("Error: something"))
    }
}
