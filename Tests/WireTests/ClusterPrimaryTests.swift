import Supervision
import Testing

@testable import Wire

/// Who may have which listener, and which descriptor is sent when: decisions without a socket.
@Suite struct BeingANodePrimary {
    private let one = InstanceID(1)
    private let two = InstanceID(2)
    private let web = ClusterQuery(.tcp4, port: 3000)

    private func primary() -> ClusterPrimary {
        var primary = ClusterPrimary()
        primary.add(one)
        primary.add(two)
        return primary
    }

    private func ask(
        _ primary: inout ClusterPrimary, _ worker: InstanceID, _ query: ClusterQuery, data: JSON = .null,
        _ sequence: Int64 = 1
    ) -> [ClusterPrimary.Action] {
        primary.heard(.asked(query, data: data, sequence: sequence), from: worker)
    }

    private func text(_ actions: [ClusterPrimary.Action]) -> [String] {
        actions.compactMap { action in
            guard case .send(_, let line, _) = action else { return nil }
            return String(decoding: line, as: UTF8.self)
        }
    }

    @Test func `a listener is opened, shared, and listened on`() {
        var primary = primary()
        #expect(ask(&primary, one, web) == [.open(one, web)])
        let shared = primary.opened(one, web.key)
        guard shared.first == .remember, case .send(one, _, web.key)? = shared.last else {
            Issue.record("\(shared)")
            return
        }
        #expect(!primary.listens(one, on: web.key))
        #expect(primary.heard(.handleArrived, from: one) == [])
        #expect(primary.heard(.listening(web), from: one) == [.listened(one, key: web.key)])
        #expect(primary.listens(one, on: web.key))
        #expect(primary.heard(.closed(key: web.key), from: one) == [.closed(one, key: web.key)])
        #expect(!primary.listens(one, on: web.key))
        #expect(ask(&primary, one, web) == [.open(one, web)])
    }

    @Test func `a key that the worker has, or has asked for, is in use`() {
        var primary = primary()
        #expect(ask(&primary, one, web) == [.open(one, web)])
        #expect(text(ask(&primary, one, web, 2)).first?.contains(#""errno":-98"#) == true)
        _ = primary.opened(one, web.key)
        #expect(text(ask(&primary, one, web, 3)).first?.contains(#""errno":-98"#) == true)
        #expect(ask(&primary, two, web) == [.open(two, web)])
    }

    @Test func `what cannot be opened is said, and can be asked for again`() {
        var primary = primary()
        _ = ask(&primary, one, web, 5)
        let refused = text(primary.opened(one, web.key, failure: 98))
        #expect(
            refused == [
                #"{"cmd":"NODE_CLUSTER","errno":-98,"key":"null:3000:4:-1","ack":5,"data":null,"seq":1}"#
                    + "\n"
            ])
        #expect(primary.opened(one, web.key) == [])
        #expect(ask(&primary, one, web) == [.open(one, web)])
    }

    @Test func `what is no address is refused`() {
        var primary = primary()
        for query in [
            nil, ClusterQuery(.descriptor, port: -1, descriptor: 77), ClusterQuery(.tcp4, port: -5),
        ] {
            let refused = text(primary.heard(.asked(query, data: .null, sequence: 1), from: one))
            #expect(refused.first?.contains(#""errno":-22"#) == true)
        }
    }

    @Test func `servers on port 0 are told apart by their index`() {
        var primary = primary()
        let (first, second) = (ClusterQuery(.tcp4, port: 0), ClusterQuery(.tcp4, port: 0, index: 1))
        for query in [first, second] {
            #expect(ask(&primary, one, query) == [.open(one, query)])
            _ = primary.opened(one, query.key)
        }
        let real = ClusterQuery(.tcp4, port: 41000, index: 1)
        #expect(primary.heard(.listening(real), from: one) == [.listened(one, key: second.key)])
        #expect(primary.heard(.listening(ClusterQuery(.udp4, port: 41000)), from: one) == [])
    }

    @Test func `the first worker's ticket keys are everybody's`() {
        var primary = primary()
        #expect(ask(&primary, one, web, data: .string("first")) == [.remember, .open(one, web)])
        #expect(ask(&primary, two, web, data: .string("second")) == [.open(two, web)])
        #expect(text(primary.opened(two, web.key)).first?.contains(#""data":"first""#) == true)
        primary.remove(one)
        primary.remove(two)
        primary.add(InstanceID(3))
        _ = ask(&primary, InstanceID(3), web, data: .string("third"))
        #expect(text(primary.opened(InstanceID(3), web.key)).first?.contains(#""data":"first""#) == true)
    }

    @Test func `data has a limit, and so have its keys`() {
        var primary = primary()
        let large = JSON.string(String(repeating: "x", count: ClusterPrimary.dataLimit))
        #expect(ask(&primary, one, web, data: large) == [.open(one, web)])
        #expect(primary.data.isEmpty)
        for port in 1...(ClusterPrimary.dataKeyLimit + 1) {
            let query = ClusterQuery(.tcp4, port: Int64(port))
            _ = ask(&primary, one, query, data: .bool(true))
            _ = primary.opened(one, query.key, failure: 13)
        }
        #expect(primary.data.count == ClusterPrimary.dataKeyLimit)
    }

    @Test func `one descriptor is on its way at a time, and a lost one goes again, three times`() {
        var primary = primary()
        let other = ClusterQuery(.tcp4, port: 3001)
        for query in [web, other] { _ = ask(&primary, one, query, query.port) }
        #expect(primary.opened(one, web.key).count == 2)
        #expect(primary.opened(one, other.key) == [.remember])
        for _ in 0..<ClusterWorker.resendLimit {
            let again = primary.heard(.handleLost, from: one)
            guard case .send(one, _, web.key)? = again.first, again.count == 1 else {
                Issue.record("\(again)")
                return
            }
        }
        let end = primary.heard(.handleLost, from: one)
        #expect(text(end).first?.contains(#""errno":-24,"key":"null:3000:4:-1","ack":3000"#) == true)
        #expect(end.contains(.closed(one, key: web.key)))
        guard case .send(one, _, other.key)? = end.last else {
            Issue.record("\(end)")
            return
        }
        #expect(primary.heard(.handleArrived, from: one) == [])
        #expect(primary.heard(.handleArrived, from: one) == [] && primary.heard(.handleLost, from: one) == [])
    }

    @Test func `a worker that leaves is told that this is known, and gets nothing more`() {
        var primary = primary()
        let told = text(primary.heard(.leaving(sequence: 3), from: one))
        #expect(told == [#"{"cmd":"NODE_CLUSTER","ack":3,"seq":1}"# + "\n"])
        #expect(ask(&primary, one, web) == [])
        #expect(primary.dismiss(one) == [])
        #expect(text(primary.dismiss(two)) == [#"{"cmd":"NODE_CLUSTER","act":"disconnect","seq":1}"# + "\n"])
        #expect(primary.dismiss(two) == [] && ask(&primary, two, web) == [])
    }

    @Test func `what a program can make grow has an end`() {
        var primary = primary()
        for port in 1...ClusterWorker.serverLimit {
            _ = ask(&primary, one, ClusterQuery(.tcp4, port: Int64(port)))
        }
        #expect(text(ask(&primary, one, web)).first?.contains(#""errno":-24"#) == true)
    }

    @Test func `the next daemon knows who listens and the ticket keys`() throws {
        var primary = primary()
        _ = ask(&primary, one, web, data: .string("keys"))
        _ = primary.opened(one, web.key)
        _ = primary.heard(.handleArrived, from: one)
        _ = primary.heard(.listening(web), from: one)
        let pipe = ClusterQuery(.pipe, address: "/x \"y\"", port: -1)
        _ = ask(&primary, two, pipe)
        _ = primary.opened(two, pipe.key)
        _ = ask(&primary, two, web)
        let app = AppName("a\"b", in: "é")
        var (name, next) = try #require(ClusterPrimary.read(primary.line(of: app)))
        #expect(name == app && next.data == primary.data)
        #expect(next.listens(one, on: web.key) && !next.listens(two, on: pipe.key))
        #expect(text(ask(&next, one, web)).first?.contains(#""errno":-98"#) == true)
        // Its answer was lost with the daemon, and so is the question.
        #expect(ask(&next, two, web) == [.open(two, web)])
        #expect(next.heard(.listening(pipe), from: two) == [.listened(two, key: pipe.key)])
        for text in ["", "{}", "[]", #"{"name":1}"#] { #expect(ClusterPrimary.read(Array(text.utf8)) == nil) }
    }

    @Test func `whoever was lent a listener by one daemon may tell the next that it listens`() throws {
        var primary = primary()
        _ = ask(&primary, one, web)
        #expect(primary.opened(one, web.key).first == .remember)
        var (_, next) = try #require(ClusterPrimary.read(primary.line(of: AppName("app"))))
        #expect(next.heard(.handleArrived, from: one) == [])
        #expect(next.heard(.listening(web), from: one) == [.listened(one, key: web.key)])
    }

    @Test func `any order of messages sends one descriptor at a time, and answers each question once`() {
        let queries = [web, ClusterQuery(.tcp4, port: 0), ClusterQuery(.udp4, port: 53)]
        for seed: UInt64 in 0..<500 {
            var dice = Dice(seed: seed)
            var primary = primary()
            var underWay: [InstanceID: String] = [:]
            var answered: [String] = []
            for step in 1...200 {
                let worker = dice.pick([one, two])
                let query = dice.pick(queries)
                var actions: [ClusterPrimary.Action]
                switch dice.roll(0...7) {
                case 0, 1: actions = ask(&primary, worker, query, Int64(step))
                case 2, 3: actions = primary.opened(worker, query.key)
                case 4: actions = primary.opened(worker, query.key, failure: 98)
                case 5: actions = primary.heard(.closed(key: query.key), from: worker)
                case 6:
                    if let arrived = underWay.removeValue(forKey: worker) { answered.append(arrived) }
                    actions = primary.heard(.handleArrived, from: worker)
                default:
                    actions = primary.heard(.handleLost, from: worker)
                    // Sent again: the same answer, not another one.
                    if actions.count == 1 { actions = [] } else { underWay[worker] = nil }
                }
                for case .send(let to, let line, let key) in actions {
                    let answer = "\(to) \(number(String(decoding: line, as: UTF8.self)))"
                    if key == nil {
                        answered.append(answer)
                    } else {
                        #expect(
                            underWay.updateValue(answer, forKey: to) == nil, "seed \(seed): two under way")
                    }
                }
            }
            #expect(Set(answered).count == answered.count, "seed \(seed): \(answered)")
        }
    }

    /// The number of the question that a line answers.
    private func number(_ line: String) -> Substring {
        line.split(separator: "\"ack\":").last?.prefix { $0.isNumber } ?? ""
    }
}
