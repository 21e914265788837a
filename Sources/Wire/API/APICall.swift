public import Supervision

/// One call of the control interface: what an HTTP request of `/v1` means.
public enum APICall: Equatable, Sendable {
    case ping
    case version
    /// How everything stands, or these apps.
    case apps(Selector)
    /// The same, with how their ports stand: counted for whoever asks.
    case appsWithPorts(Selector)
    /// The same in PM2's words.
    case jlist
    /// Something that changes what is wanted; answered by a stream. An `.apply` carries the caller's environment.
    case operate(Request, environment: [String: String]?)
    /// What programs say from now on, as a stream that does not end.
    case events
    /// The list as it would come back after a boot; with the values of variables, so it is no question for everybody.
    case save
    /// Something for the programs themselves; answered by a receipt for each instance.
    case pass(Missive, to: Selector)
    /// The daemon and its keeper go on as the program at this absolute path; answered by the new daemon.
    case update(String)
    /// Empty these logs, and remove what was put aside of them.
    case flushLogs(Selector)
    /// Others have put log files aside: open all anew.
    case reopenLogs
}

/// Why a request is not a call: the status, and a word for programs.
public struct APIRefusal: Error, Equatable, Sendable {
    public var status: Int
    public var code: String
    public var message: String
    /// The methods that would do, for a 405.
    public var allow: String?

    public init(status: Int, code: String, message: String, allow: String? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.allow = allow
    }

    public init(_ refusal: HTTPRefusal) {
        self.init(status: refusal.status, code: APIRefusal.code(of: refusal.status), message: refusal.message)
    }

    private static func code(of status: Int) -> String {
        switch status {
        case 408: "timed_out"
        case 411: "length_required"
        case 413, 414, 431: "too_large"
        case 501, 505: "not_implemented"
        case 503: "busy"
        default: "bad_request"
        }
    }

    static func notFound(_ message: String) -> APIRefusal {
        APIRefusal(status: 404, code: "not_found", message: message)
    }

    static func invalid(_ message: String) -> APIRefusal {
        APIRefusal(status: 422, code: "invalid", message: message)
    }
}
