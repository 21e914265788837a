internal import Console
internal import Linux

/// The swpm of other users, as far as anybody may see them.
enum Neighbours {
    /// Users, with the number of programs that their keepers look after.
    static func find(besides user: UInt32 = ThisProcess.user) -> [Wording.Neighbour] {
        let keepers = ProcFS.processes().filter { process in
            ProcFS.command(of: process).prefix(2) == ["swpm", "keeper"]
        }
        var programs: [UInt32: Int] = [:]
        for keeper in keepers {
            guard let owner = try? File.status("/proc/\(keeper)")?.owner, owner != user else { continue }
            let children = ProcFS.children(of: keeper).filter { child in
                ProcFS.command(of: child).prefix(2) != ["swpm", "daemon"]
            }
            programs[owner, default: 0] += children.count
        }
        let users = Users()
        return programs.sorted { $0.key < $1.key }.map { owner, count in
            Wording.Neighbour(user: users.name(of: owner), programs: count)
        }
    }
}
