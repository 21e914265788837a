import Supervision
import Testing

@Suite struct Naming {
    @Test(arguments: [
        ("npm run dev", "npm run dev"), ("/usr/bin/env", "env"), (".hidden", ".hidden"), ("app.py", "app"),
        ("/opt/x/run.sh --fast", "run"), ("./bin/web.server.js", "web.server"),
    ])
    func `an app without a name is called like its program`(script: String, name: String) {
        #expect(AppName.derived(fromScript: script) == name)
        #expect(AppName.objection(to: name) == nil)
    }

    @Test(arguments: [
        ("", "is empty"), ("a/b", "has a slash"), ("a\nb", "has a control character"),
        ("all", "stands for every app"), (".", "is a directory"), ("..", "is a directory"),
        (String(repeating: "é", count: Limits.nameBytes), "is longer than \(Limits.nameBytes) bytes"),
    ])
    func `what cannot be a name is told why`(name: String, objection: String) {
        #expect(AppName.objection(to: name) == objection)
        for app in [AppName(name), AppName("web", in: name)] {
            var scene = Scene()
            let ticket = scene.ask(.apply([AppSpec(name: app, script: "x", workingDirectory: "/")]))
            guard case .refused(.invalid(let reason))? = scene.reply(to: ticket) else {
                Issue.record("\(app) was taken")
                continue
            }
            #expect(reason.hasSuffix(objection))
        }
    }

    @Test func `a log file's name says whose it is`() {
        let name = LogFileName(AppName("my.app", in: "shop"), SlotIndex(12), .error)
        #expect("\(name)" == "shop-my-app-error-12.log")
        #expect(LogFileName("shop-my-app-error-12.log") == name)
        let names: [(String, String, LogStream?, Int?)] = [
            ("web-out-0.log", "web", .out, 0), ("web-out.log", "web", .out, nil),
            ("web-3.log", "web", nil, 3), ("web.log", "web", nil, nil), ("out-0.log", "out", nil, 0),
            ("web-other-0.log", "web-other", nil, 0), ("web-out-x.log", "web-out-x", nil, nil),
        ]
        for (text, app, stream, slot) in names {
            let name = LogFileName(text)
            #expect(name?.app == app && name?.stream == stream && name?.slot?.number == slot, "\(text)")
            #expect(name.map { "\($0)" } == text)
        }
        for foreign in ["web-out-0.txt", ".web-out-0.log.times", ".log", ""] {
            #expect(LogFileName(foreign) == nil, "\(foreign)")
        }
    }
}

@Suite struct SplittingWords {
    @Test(arguments: [
        ("", []), ("  ", []), ("a b", ["a", "b"]), ("'a b' \"c d\"e", ["a b", "c de"]), ("''", [""]),
        ("a\\ b", ["a b"]), ("\"a\\\"b\\n\"", ["a\"b\\n"]), ("'a\\'", ["a\\"]), ("é 漢", ["é", "漢"]),
    ])
    func `a text of arguments is split as a shell would`(text: String, words: [String]) {
        #expect(ShellWords.split(text) == words)
    }

    @Test(arguments: ["'", "\"a", "a\\"])
    func `a text of arguments that never ends is refused`(text: String) {
        #expect(ShellWords.split(text) == nil)
    }

    @Test(arguments: [
        ("/a/b-c.js", "/a/b-c.js"), ("it's", #"'it'\''s'"#), ("a b", "'a b'"), ("", "''"), ("$x", "'$x'"),
    ])
    func `a word is quoted so that a shell reads it back`(word: String, quoted: String) {
        #expect(ShellWords.quoted(word) == quoted)
        #expect(ShellWords.split(quoted) == [word])
    }
}

@Suite struct Spelled {
    @Test(arguments: [
        ("lst", "list"), ("sotp", "stop"), ("LIST", "list"), ("max-restarts", "max_restarts"),
        ("zzzzzz", nil), ("l", nil),
    ])
    func `what was probably meant is found`(word: String, meant: String?) {
        #expect(Spelling.nearest(to: word, among: ["list", "stop", "start", "max_restarts"]) == meant)
    }

    @Test func `of two as near, always the same is found`() {
        #expect(Spelling.nearest(to: "sta", among: ["stb", "stc"]) == "stb")
        #expect(Spelling.nearest(to: "sta", among: ["stc", "stb"]) == "stb")
        #expect(Spelling.nearest(to: "lst", among: ["ls", "list"]) == "list")
    }
}

@Suite struct Forgetting {
    @Test func `of a caller's variables those are lost at a boot that nobody declared`() {
        let caller = [
            "PATH", "LC_ALL", "PWD", "TERM_PROGRAM", "SSH_TTY", "_", "SWPM_HOME", "NODE_CHANNEL_FD",
            "TOKEN", "DATABASE_URL", "PORT",
        ]
        #expect(
            ProgramEnvironment.lostAtBoot(of: caller, declared: ["PORT"]) == ["DATABASE_URL", "TOKEN"])
    }
}
