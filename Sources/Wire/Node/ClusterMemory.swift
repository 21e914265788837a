public import Supervision

// What the next daemon must know of an app's Node workers: nobody would tell it again.
extension ClusterPrimary {
    /// One line, without an end.
    public func line(of app: AppName) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("namespace", app.namespace)
            writer.field("name", app.name)
            writer.key("data")
            writer.object { writer in
                for (key, value) in data.sorted(by: { $0.key < $1.key }) {
                    writer.key(key)
                    writer.value(value)
                }
            }
            writer.key("workers")
            writer.array(workers.sorted { $0.key < $1.key }) { writer, worker in
                writer.object { writer in
                    writer.field("id", worker.key.number)
                    writer.key("servers")
                    let servers = worker.value.servers.filter { $0.value.unanswered == nil }
                    writer.array(servers.sorted { $0.key < $1.key }) { $0.server($1.value) }
                }
            }
        }
        return writer.bytes
    }

    /// Nil: it is not such a line.
    public static func read(_ line: [UInt8]) -> (app: AppName, primary: ClusterPrimary)? {
        guard let json = try? JSON(parsing: line), case .string(let name)? = json["name"],
            case .string(let namespace)? = json["namespace"], case .object(let data)? = json["data"],
            case .array(let workers)? = json["workers"]
        else { return nil }
        var primary = ClusterPrimary()
        for member in data { primary.data[member.key] = member.value }
        for worker in workers {
            guard let number = worker["id"]?.whole, case .array(let servers)? = worker["servers"] else {
                continue
            }
            let known = servers.compactMap { server in
                ClusterQuery(server).map { (query: $0, listens: server["listens"] == .bool(true)) }
            }
            primary.workers[InstanceID(UInt64(clamping: number))] = ClusterWorker(known)
        }
        return (AppName(name, in: namespace), primary)
    }
}

extension JSONWriter {
    /// In the words in which a worker asks.
    fileprivate mutating func server(_ server: ClusterWorker.Server) {
        let query = server.query
        object { writer in
            if let address = query.address { writer.field("address", address) }
            writer.field("port", query.port)
            switch query.kind {
            case .tcp4: writer.field("addressType", 4)
            case .tcp6: writer.field("addressType", 6)
            case .pipe: writer.field("addressType", -1)
            case .udp4, .udp6: writer.field("addressType", query.kind.rawValue)
            case .descriptor: break
            }
            writer.field("fd", query.descriptor)
            writer.field("index", query.index)
            writer.field("flags", query.flags)
            writer.field("listens", server.listens)
        }
    }
}
