import Supervision
import Testing

@testable import Wire

@Suite struct Calling {
    private func call(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) throws -> APICall {
        var text = "\(method.rawValue) \(path) HTTP/1.1\r\nHost: h\r\n"
        if let body { text += "Content-Length: \(body.utf8.count)\r\n" }
        var parser = RequestParser()
        parser.feed([UInt8](text + "\r\n" + (body ?? "")))
        guard case .request(let request)? = try parser.next() else { throw HTTPRefusal(0, "not complete") }
        return try APICall(request)
    }

    private func refusal(_ method: HTTPRequest.Method, _ path: String, _ body: String? = nil) -> String {
        do {
            return "\(try call(method, path, body))"
        } catch {
            guard let error = error as? APIRefusal else { return "\(error)" }
            return "\(error.status) \(error.code): \(error.message)"
        }
    }

    @Test func `curl needs no body where there is nothing to say`() throws {
        #expect(
            try call(.post, "/v1/apps/api/restart") == .operate(.restart(.named("api")), environment: nil))
        #expect(
            try call(.post, "/v1/apps/all/reload?force=true", "")
                == .operate(.forced(.reload, .all), environment: nil))
        #expect(
            try call(.post, "/v1/apps/web/stop?force=false", "")
                == .operate(.stop(.named("web")), environment: nil))
        #expect(try call(.post, "/v1/apps/all/reload", "") == .operate(.reload(.all), environment: nil))
        #expect(
            try call(.post, "/v1/apps/a%2Fb%20c/stop") == .operate(.stop(.named("a/b c")), environment: nil))
        #expect(try call(.delete, "/v1/apps/3") == .operate(.delete(.named("3")), environment: nil))
        #expect(try call(.get, "/v1/apps/all") == .apps(.all))
    }

    @Test func `ports are counted for whoever asks for them`() throws {
        #expect(try call(.get, "/v1/apps?ports=true") == .appsWithPorts(.all))
        #expect(try call(.get, "/v1/apps/web?ports=true") == .appsWithPorts(.named("web")))
        #expect(try call(.get, "/v1/apps/web?ports=false") == .apps(.named("web")))
        #expect(refusal(.get, "/v1/apps?ports=1") == "400 bad_request: ports is true or false")
        for (method, path) in [
            (HTTPRequest.Method.post, "/v1/apps/web/stop"), (.delete, "/v1/apps/web"), (.get, "/v1/jlist"),
        ] {
            let expected = "400 bad_request: the parameter \"ports\" is not known here"
            #expect(refusal(method, path + "?ports=true") == expected)
        }
    }

    @Test(arguments: [
        ("4", Scale.to(4)), ("0", .to(0)), ("\"+2\"", .by(2)), ("\"-1\"", .by(-1)), ("\"7\"", .to(7)),
    ])
    func `scale takes a number or a change`(text: String, scale: Scale) throws {
        let found = try call(.post, "/v1/apps/api/scale", "{\"instances\": \(text)}")
        #expect(found == .operate(.scale(.named("api"), scale), environment: nil))
    }

    @Test func `signals and messages are passed on`() throws {
        let signal = try call(.post, "/v1/apps/api/signal", #"{"signal": "usr2"}"#)
        #expect(signal == .pass(.signal(Signal(number: 12)), to: .named("api")))
        let message = try call(.post, "/v1/apps/all/send", #"{"message": {"a": [1, null]}}"#)
        let value = JSON.object([JSON.Member("a", .array([.integer(1), .null]))])
        #expect(message == .pass(.message(value), to: .all))
        for call in [signal, message] { #expect(try APICall(call.request) == call) }
    }

    @Test func `what programs say is taken apart as PM2 does, and read as it was written`() throws {
        func message(_ text: String) throws -> ProgramMessage {
            ProgramMessage(
                try JSON(parsing: Array(text.utf8)), from: AppName("a", in: "b"), SlotIndex(1), SlotID(4))
        }
        let typed = try message(#"{"type": "axm:reply", "data": {"return": 1}}"#)
        #expect(typed.type == "axm:reply")
        #expect(typed.data["return"] == .integer(1))
        for text in ["7", "null", #"{"type": "x"}"#, #"{"type": 1, "data": 2}"#] {
            let plain = try message(text)
            #expect(plain.type == "process:msg")
            #expect(plain.data == (try JSON(parsing: Array(text.utf8))))
            #expect(try Answer.message(Answer.bytes(plain)) == plain)
        }
        #expect(try Answer.message(Answer.following) == nil)
    }

    @Test func `receipts are read as they are written`() throws {
        let outcomes: [Receipt.Outcome] = [.delivered, .notRunning, .noChannel, .full, .tooLong]
        let receipts = outcomes.enumerated().map { index, outcome in
            Receipt(app: AppName("a", in: "b"), slot: SlotIndex(index), id: SlotID(9), outcome: outcome)
        }
        #expect(try Answer.receipts(Answer.bytes(receipts)) == receipts)
    }

    @Test func `apps may be posted by hand`() throws {
        let body = #"{"apps":[{"script":"server.js","cwd":"/srv/shop","instances":2,"kill_timeout":"5s"}]}"#
        var expected = AppSpec(name: AppName("server"), script: "server.js", workingDirectory: "/srv/shop")
        expected.instances = 2
        expected.mode = .cluster
        expected.killTimeout = .seconds(5)
        #expect(try call(.post, "/v1/apps", body) == .operate(.apply([expected]), environment: nil))
    }

    @Test(
        arguments: [
            (.get, "/", nil, "404 not_found: every path begins with /v1"),
            (.get, "/v2/ping", nil, "404 not_found: every path begins with /v1"),
            (.get, "/v1", nil, "404 not_found: there is no such path"),
            (.get, "/v1/nothing", nil, "404 not_found: there is no such path"),
            (.get, "/v1/apps/a/b/c", nil, "404 not_found: there is no such path"),
            (.post, "/v1/apps/a/fly", nil, "404 not_found: nothing is called \"fly\" on an app"),
            (.post, "/v1/ping", nil, "405 method_not_allowed: this path takes GET"),
            (.put, "/v1/apps", nil, "405 method_not_allowed: this path takes GET, POST"),
            (.get, "/v1/apps/a/stop", nil, "405 method_not_allowed: this path takes POST"),
            (.get, "/v1/apps/a/send", nil, "405 method_not_allowed: this path takes POST"),
            (.post, "/v1/apps/a/signal", nil, "411 length_required: this call needs a body"),
            (
                .post, "/v1/apps/a/send", "{\"message\":{\"cmd\":\"NODE_HANDLE\"}}",
                "422 invalid: a \"cmd\" that begins with NODE_ belongs to Node itself"
            ),
            (.get, "/v1/apps/a/scale", nil, "405 method_not_allowed: this path takes POST"),
            (
                .get, "/v1/apps?show=environment", nil,
                "400 bad_request: the parameter \"show\" is not known here"
            ),
            (.post, "/v1/apps", nil, "411 length_required: this call needs a body"),
            (.post, "/v1/apps/a/scale", nil, "411 length_required: this call needs a body"),
            (.post, "/v1/apps", "", "422 invalid: 1:1: expected a value, but the text ends"),
            (.post, "/v1/apps", "{\"apps\":[],}", "422 invalid: 1:12: expected a value after ',', found '}'"),
            (.post, "/v1/apps", "{}", "422 invalid: the key \"apps\" is missing"),
            (.post, "/v1/apps", "{\"apps\":[],\"x\":1}", "422 invalid: unknown key \"x\""),
            (
                .post, "/v1/apps", "{\"apps\":[{\"script\":\"a\"}]}",
                "422 invalid: apps[0]: this app has no \"cwd\""
            ),
            (
                .post, "/v1/apps", "{\"apps\":[{\"script\":\"a\",\"cwd\":\"a\"}]}",
                "422 invalid: apps[0].cwd: expected an absolute path, found the string \"a\""
            ),
            (
                .post, "/v1/apps", "{\"apps\":[{\"script\":\"a\",\"watch\":true}]}",
                "422 invalid: watch is not supported yet"
            ),
            (
                .post, "/v1/apps", "{\"apps\":[{\"script\":\"a\",\"inherited\":1}]}",
                "422 invalid: unknown key \"inherited\""
            ),
            (
                .post, "/v1/apps/a/scale", "{\"instances\":\"many\"}",
                "422 invalid: instances: expected a number of 0 to 1000, or \"+2\", or \"-1\", found the string \"many\""
            ),
            (
                .post, "/v1/apps/a/scale", "{\"instances\":1,\"x\":2}",
                "422 invalid: expected an object with \"instances\" and nothing else, found an object"
            ),
        ] as [(HTTPRequest.Method, String, String?, String)])
    func `what is not a call is refused with a reason`(
        method: HTTPRequest.Method, path: String, body: String?, expected: String
    ) {
        #expect(refusal(method, path, body) == expected)
    }

    @Test func `a wrong method is told the right ones`() throws {
        do {
            _ = try APICall(HTTPRequest(.put, ["v1", "apps"]))
            Issue.record("PUT was taken")
        } catch {
            #expect(error.allow == "GET, POST")
        }
    }
}
