public import Supervision

// MARK: - From HTTP

extension APICall {
    /// What a request means. Nothing of it is carried out here.
    public init(_ request: HTTPRequest) throws(APIRefusal) {
        guard request.path.first == "v1" else {
            throw .notFound("every path begins with /v1")
        }
        let path = Array(request.path.dropFirst())
        let forcible = APICall.forcible(path)
        let isQuestion = request.method == .get && path.first == "apps" && path.count < 3
        try APICall.checkQuery(request, takes: forcible != nil ? "force" : isQuestion ? "ports" : nil)
        if isQuestion, request.isAffirmed {
            self = .appsWithPorts(path.count == 2 ? Selector(part: path[1]) : .all)
            return
        }
        if let forcible, request.isAffirmed {
            let order = Request.forced(forcible, Selector(part: path[1]))
            self = try APICall.only(.post, request, .operate(order, environment: nil))
            return
        }
        switch path.count {
        case 1: self = try APICall.top(path[0], request)
        case 2 where path == ["logs", "reopen"]: self = try APICall.only(.post, request, .reopenLogs)
        case 2 where path[0] == "apps": self = try APICall.app(Selector(part: path[1]), request)
        case 3 where path[0] == "apps":
            self = try APICall.action(path[2], on: Selector(part: path[1]), request)
        default: throw .notFound("there is no such path")
        }
    }

    /// What may be asked for with `?force=true`.
    private static func forcible(_ path: [String]) -> Request.Forcible? {
        path.count == 3 && path[0] == "apps" ? Request.Forcible(rawValue: path[2]) : nil
    }

    private static func checkQuery(_ request: HTTPRequest, takes name: String?) throws(APIRefusal) {
        for item in request.query {
            guard item.name == name else {
                throw APIRefusal(
                    status: 400, code: "bad_request",
                    message: "the parameter \"\(item.name)\" is not known here")
            }
            guard ["true", "false"].contains(item.value) else {
                throw APIRefusal(
                    status: 400, code: "bad_request", message: "\(item.name) is true or false")
            }
        }
    }

    private static func top(_ name: String, _ request: HTTPRequest) throws(APIRefusal) -> APICall {
        switch name {
        case "ping": return try only(.get, request, .ping)
        case "version": return try only(.get, request, .version)
        case "jlist": return try only(.get, request, .jlist)
        case "events": return try only(.get, request, .events)
        case "update":
            guard request.method == .post else { throw notAllowed("POST") }
            return .update(try UpdateBody.read(try body(request)))
        case "save": return try only(.post, request, .save)
        case "shutdown": return try only(.post, request, .operate(.shutdown, environment: nil))
        case "apps":
            switch request.method {
            case .get: return .apps(.all)
            case .post: return try ApplyBody.call(try body(request))
            case .head, .put, .patch, .delete, .options: throw notAllowed("GET, POST")
            }
        default: throw .notFound("there is no such path")
        }
    }

    private static func app(_ selector: Selector, _ request: HTTPRequest) throws(APIRefusal) -> APICall {
        switch request.method {
        case .get: return .apps(selector)
        case .delete: return .operate(.delete(selector), environment: nil)
        case .head, .post, .put, .patch, .options: throw notAllowed("GET, DELETE")
        }
    }

    private static func action(
        _ name: String, on selector: Selector, _ request: HTTPRequest
    ) throws(APIRefusal) -> APICall {
        let change: Request
        switch name {
        case "start": change = .start(selector)
        case "stop": change = .stop(selector)
        case "restart": change = .restart(selector)
        case "reload":
            guard request.method == .post else { throw notAllowed("POST") }
            change = try ReloadBody.read(request.body ?? [], selector)
        case "promote": change = .promote(selector)
        case "rollback": change = .rollback(selector)
        case "scale":
            guard request.method == .post else { throw notAllowed("POST") }
            change = .scale(selector, try ScaleBody.read(try body(request)))
        case "signal":
            guard request.method == .post else { throw notAllowed("POST") }
            return .pass(.signal(try SignalBody.read(try body(request))), to: selector)
        case "send":
            guard request.method == .post else { throw notAllowed("POST") }
            return .pass(.message(try SendBody.read(try body(request))), to: selector)
        case "flush": return try only(.post, request, .flushLogs(selector))
        default: throw .notFound("nothing is called \"\(name)\" on an app")
        }
        return try only(.post, request, .operate(change, environment: nil))
    }

    private static func only(
        _ method: HTTPRequest.Method, _ request: HTTPRequest, _ call: APICall
    ) throws(APIRefusal) -> APICall {
        guard request.method == method else { throw notAllowed(method.rawValue) }
        return call
    }

    private static func notAllowed(_ methods: String) -> APIRefusal {
        APIRefusal(
            status: 405, code: "method_not_allowed", message: "this path takes \(methods)", allow: methods)
    }

    private static func body(_ request: HTTPRequest) throws(APIRefusal) -> [UInt8] {
        guard let body = request.body else {
            throw APIRefusal(status: 411, code: "length_required", message: "this call needs a body")
        }
        return body
    }
}

// MARK: - To HTTP

extension APICall {
    /// The request that says this; `keepsAlive` is false, because our client asks one thing and leaves.
    public var request: HTTPRequest {
        switch self {
        case .ping: call(.get, ["ping"])
        case .version: call(.get, ["version"])
        case .jlist: call(.get, ["jlist"])
        case .events: call(.get, ["events"])
        case .save: call(.post, ["save"])
        case .apps(.all): call(.get, ["apps"])
        case .apps(.named(let name)): call(.get, ["apps", name])
        case .appsWithPorts(let selector):
            HTTPRequest(
                .get, ["v1", "apps"] + (selector == .all ? [] : [selector.part]),
                query: [HTTPRequest.QueryItem("ports", "true")], keepsAlive: false)
        case .operate(let request, let environment): operation(request, environment)
        case .flushLogs(let selector): call(.post, ["apps", selector.part, "flush"])
        case .reopenLogs: call(.post, ["logs", "reopen"])
        case .pass(let missive, let selector):
            call(.post, ["apps", selector.part, missive.word], missive.body)
        case .update(let path): call(.post, ["update"], UpdateBody.write(path))
        }
    }

    /// The bytes of that request. With a ticket it can be asked again.
    public func bytes(_ ticket: Ticket? = nil) -> [UInt8] {
        var asked = request
        asked.ticket = ticket
        return HTTPWriter.request(asked)
    }

    private func operation(_ request: Request, _ environment: [String: String]?) -> HTTPRequest {
        switch request {
        case .apply(let apps): call(.post, ["apps"], ApplyBody.write(apps, environment, canary: nil))
        case .start(let selector): call(.post, ["apps", selector.part, "start"])
        case .stop(let selector): call(.post, ["apps", selector.part, "stop"])
        case .restart(let selector): call(.post, ["apps", selector.part, "restart"])
        case .reload(let selector): call(.post, ["apps", selector.part, "reload"])
        case .scale(let selector, let scale):
            call(.post, ["apps", selector.part, "scale"], ScaleBody.write(scale))
        case .delete(let selector): call(.delete, ["apps", selector.part])
        case .shutdown: call(.post, ["shutdown"])
        case .forced(let order, let selector):
            HTTPRequest(
                .post, ["v1", "apps", selector.part, order.rawValue],
                query: [HTTPRequest.QueryItem("force", "true")], keepsAlive: false)
        case .canary(let selector, let percent):
            call(.post, ["apps", selector.part, "reload"], ReloadBody.write(canary: percent))
        case .applyCanary(let apps, let percent):
            call(.post, ["apps"], ApplyBody.write(apps, environment, canary: percent))
        case .promote(let selector): call(.post, ["apps", selector.part, "promote"])
        case .rollback(let selector): call(.post, ["apps", selector.part, "rollback"])
        }
    }

    private func call(_ method: HTTPRequest.Method, _ path: [String], _ body: [UInt8]? = nil) -> HTTPRequest {
        HTTPRequest(method, ["v1"] + path, body: body, keepsAlive: false)
    }
}

extension HTTPRequest {
    /// By its only parameter.
    fileprivate var isAffirmed: Bool { query.last?.value == "true" }
}

extension Selector {
    /// `all` means every app; no app can be called so.
    init(part: String) {
        self = part == "all" ? .all : .named(part)
    }

    var part: String {
        switch self {
        case .all: "all"
        case .named(let name): name
        }
    }
}
