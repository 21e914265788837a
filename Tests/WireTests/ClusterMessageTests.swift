import Supervision
import Testing

@testable import Wire

/// What Node 18 to 24 were seen to write, and what they understand.
@Suite struct SpeakingToNodeWorkers {
    private func message(_ text: String) throws -> ClusterMessage? {
        ClusterMessage(try JSON(parsing: Array(text.utf8)))
    }

    @Test func `a question of net says where it wants to listen`() throws {
        let asked = try message(
            #"{"cmd":"NODE_CLUSTER","act":"queryServer","index":0,"data":null,"address":null,"port":3000,"#
                + #""addressType":4,"flags":0,"backlog":0,"seq":1}"#)
        #expect(asked == .asked(ClusterQuery(.tcp4, port: 3000), data: .null, sequence: 1))
    }

    @Test func `each kind of address has its place`() throws {
        var only = ClusterQuery.DatagramFlags()
        only.onlyV6 = true
        only.reusesAddress = true
        for (fields, place) in [
            (
                #""address":"127.0.0.1","port":80,"addressType":4"#,
                .stream(host: "127.0.0.1", port: 80, onlyV6: false)
            ),
            (
                #""address":"::1","port":80,"addressType":6,"flags":1"#,
                .stream(host: "::1", port: 80, onlyV6: true)
            ),
            (#""address":null,"port":0,"addressType":4"#, .stream(host: nil, port: 0, onlyV6: false)),
            (#""address":"/x.sock","port":-1,"addressType":-1"#, .path("/x.sock", mode: 0)),
            (
                #""address":"/x.sock","port":-1,"addressType":-1,"readableAll":true,"writableAll":true"#,
                .path("/x.sock", mode: 0o666)
            ),
            (
                #""address":null,"port":53,"addressType":"udp6","fd":-1,"flags":5"#,
                .datagram(host: "::", port: 53, only)
            ),
            (#""address":"\u0000x","port":-1,"addressType":-1"#, .none),
            (#""address":null,"port":null,"addressType":null,"fd":77"#, .none),
            (#""address":null,"port":70000,"addressType":4"#, .none),
        ] as [(String, ClusterQuery.Place)] {
            let asked = try message(#"{"cmd":"NODE_CLUSTER","act":"queryServer",\#(fields),"seq":2}"#)
            guard case .asked(let query?, _, sequence: 2)? = asked else {
                Issue.record("\(fields): \(String(describing: asked))")
                continue
            }
            #expect(query.place == place, "\(fields)")
        }
    }

    @Test func `the index is part of the key only where the kernel chooses the port`() {
        #expect(ClusterQuery(.tcp4, port: 3000, index: 3).key == "null:3000:4:-1")
        #expect(ClusterQuery(.tcp4, port: 0, index: 3).key == "null:0:4:-1:3")
        #expect(ClusterQuery(.udp4, address: "0.0.0.0", port: 53).key == "0.0.0.0:53:udp4:-1")
    }

    @Test func `everything else of the protocol is told apart`() throws {
        for (text, expected) in [
            (#"{"cmd":"NODE_CLUSTER","act":"online","seq":0}"#, .online),
            (#"{"cmd":"NODE_CLUSTER","act":"close","key":"k","seq":2}"#, .closed(key: "k")),
            (#"{"cmd":"NODE_CLUSTER","act":"exitedAfterDisconnect","seq":3}"#, .leaving(sequence: 3)),
            (#"{"cmd":"NODE_CLUSTER","ack":5,"accepted":false,"seq":3}"#, .other),
            (#"{"cmd":"NODE_HANDLE_ACK"}"#, .handleArrived),
            (#"{"cmd":"NODE_HANDLE_NACK"}"#, .handleLost),
            (#"{"cmd":"NODE_HANDLE","type":"net.Socket","msg":{"a":1}}"#, .handleSent),
            (#"{"cmd":"NODE_SWPM","act":"drained"}"#, .other),
            (#"{"cmd":"NODE_CLUSTER","act":"tomorrow"}"#, .other),
        ] as [(String, ClusterMessage)] {
            #expect(try message(text) == expected, "\(text)")
        }
    }

    @Test func `what is not the protocol's is the program's own`() throws {
        for text in [
            "\"ready\"", "7", "null", "[]", "{}", #"{"cmd":"NODE_"}"#, #"{"cmd":7}"#,
            #"{"type":"process:msg"}"#, #"{"cmd":"node_cluster"}"#,
        ] {
            #expect(try message(text) == nil, "\(text)")
        }
    }

    @Test func `questions that mean nothing are questions all the same`() throws {
        for fields in [
            #""addressType":"udp5""#, #""addressType":5"#, #""addressType":4,"address":7"#,
            #""addressType":4,"address":"\#(String(repeating: "a", count: 5000))""#,
            #""addressType":{}"#,
        ] {
            let text = #"{"cmd":"NODE_CLUSTER","act":"queryServer",\#(fields),"seq":9}"#
            #expect(try message(text) == .asked(nil, data: .null, sequence: 9), "\(text)")
        }
    }

    @Test func `every order is written as Node writes it`() {
        for (order, text) in [
            (
                .share(key: "k", data: .string("0f"), kind: .tcp4, answering: 4),
                #"{"cmd":"NODE_HANDLE","type":"net.Native","socketType":1,"nativeKind":"tcp","msg":"#
                    + #"{"cmd":"NODE_CLUSTER","errno":0,"key":"k","ack":4,"data":"0f","seq":7}}"#
            ),
            (
                .share(key: "k", data: .null, kind: .udp4, answering: 4),
                #"{"cmd":"NODE_HANDLE","type":"dgram.Native","msg":"#
                    + #"{"cmd":"NODE_CLUSTER","errno":0,"key":"k","ack":4,"data":null,"seq":7}}"#
            ),
            (
                .refuse(key: "k", code: 98, answering: 4),
                #"{"cmd":"NODE_CLUSTER","errno":-98,"key":"k","ack":4,"data":null,"seq":7}"#
            ),
            (.acknowledge(3), #"{"cmd":"NODE_CLUSTER","ack":3,"seq":7}"#),
            (.disconnect, #"{"cmd":"NODE_CLUSTER","act":"disconnect","seq":7}"#),
            (.handleArrived, #"{"cmd":"NODE_HANDLE_ACK"}"#),
        ] as [(ClusterOrder, String)] {
            #expect(String(decoding: order.line(sequence: 7), as: UTF8.self) == text + "\n")
        }
    }

    @Test func `each slot's debugger has a port of its own`() {
        func port(_ slot: Int, _ arguments: [String], _ options: String? = nil) -> String? {
            InspectPort.argument(for: SlotIndex(slot), arguments: arguments, nodeOptions: options)
        }
        #expect(port(0, ["--max-old-space-size=100"]) == nil)
        #expect(port(2, ["--inspect"]) == "--inspect-port=9231")
        #expect(port(1, ["--inspect=0.0.0.0:9300"]) == "--inspect-port=9301")
        #expect(port(1, ["--inspect-brk", "--inspect-port=5000"]) == "--inspect-port=5001")
        #expect(port(3, [], "--inspect") == "--inspect-port=9232")
        #expect(port(1, ["--inspect=0"]) == nil)
        #expect(port(1, ["--inspect=65535"]) == nil)
    }
}
