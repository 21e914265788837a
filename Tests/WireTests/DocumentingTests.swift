import Supervision
import Testing

@testable import Wire

/// What the documents say is what the code does.
@Suite struct Documenting {
    @Test func `every attribute and every alias stands in the reference of the ecosystem file`() throws {
        let document = try projectText("docs/reference/ecosystem-file.md")
        for attribute in AppAttribute.allCases where attribute != .inherited && attribute != .origin {
            #expect(document.contains("\n| `\(attribute.rawValue)` |"), "\(attribute.rawValue)")
            for alias in attribute.aliases { #expect(document.contains("`\(alias)`"), "\(alias)") }
        }
    }

    @Test func `every attribute that is ignored is named there`() throws {
        let document = try projectText("docs/reference/ecosystem-file.md")
        for name in UnsupportedAttribute.names where name == name.lowercased() {
            #expect(document.contains("`\(name)`"), "\(name)")
        }
    }

    @Test func `the description for programs has every call, and no other`() throws {
        let document = try JSON(parsing: [UInt8](projectText("docs/reference/openapi.json")))
        #expect(document["openapi"] == .string("3.1.0"))
        guard case .object(let paths)? = document["paths"] else {
            Issue.record("no paths")
            return
        }
        for path in paths {
            let parts = path.key.split(separator: "/").map { $0 == "{selector}" ? "x" : String($0) }
            for method in HTTPRequest.Method.allCases {
                let isDescribed = path.value[method.rawValue.lowercased()] != nil
                #expect(takes(method, parts) == isDescribed, "\(method) \(path.key)")
            }
        }
        let described = Set(paths.map(\.key))
        for call in calls {
            let path = "/" + call.request.path.map { $0 == "x" ? "{selector}" : $0 }.joined(separator: "/")
            #expect(described.contains(path), "\(path)")
        }
    }

    private func takes(_ method: HTTPRequest.Method, _ path: [String]) -> Bool {
        do {
            _ = try APICall(HTTPRequest(method, path))
            return true
        } catch {
            return error.status == 411
        }
    }

    private var calls: [APICall] {
        let selector = Selector.named("x")
        let requests: [Request] = [
            .apply([]), .start(selector), .stop(selector), .restart(selector), .reload(selector),
            .scale(selector, .to(1)), .delete(selector), .shutdown, .forced(.stop, selector),
            .forced(.reload, selector), .canary(selector, percent: 5), .applyCanary([], percent: 5),
            .promote(selector), .rollback(selector),
        ]
        return [
            .ping, .version, .update("/x"), .jlist, .events, .apps(.all), .apps(selector),
            .appsWithPorts(.all), .appsWithPorts(selector),
            .pass(.signal(.terminate), to: selector),
            .pass(.message(.null), to: selector), .flushLogs(selector), .reopenLogs, .save,
        ]
            + requests.map { .operate($0, environment: nil) }
    }

    @Test func `the limits that are documented are those that hold`() throws {
        let document = try projectText("docs/reference/control-api.md")
        let limits = HTTPLimits()
        for text in [
            "| path with query | \(limits.targetBytes) bytes |",
            "| start line and headers | \(limits.headBytes >> 10) KiB, \(limits.headers) headers |",
            "| body, whether by length or chunked | \(limits.bodyBytes >> 20) MiB |",
            "| line that announces a chunk | \(limits.chunkLineBytes) bytes |",
            "| depth of JSON | \(JSONOptions.depthLimit) |",
            "| \(Limits.apps); \(Limits.instancesPerApp); \(Limits.instances) |",
        ] {
            #expect(document.contains(text), "\(text)")
        }
    }
}
