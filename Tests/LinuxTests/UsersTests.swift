import Glibc
import Testing

@testable import Linux

struct LookingUpUsers {
    let directory = "/tmp/users-\(getpid())-\(UInt32.random(in: 0 ... .max))"

    private func users(_ passwd: String, _ group: String) -> Users {
        mkdir(directory, 0o755)
        for (name, text) in [("passwd", passwd), ("group", group)] {
            let file = open("\(directory)/\(name)", O_WRONLY | O_CREAT, 0o644)
            _ = write(file, text, text.utf8.count)
            close(file)
        }
        return Users(directory: directory, asksOthers: false)
    }

    private func clear() {
        unlink("\(directory)/passwd")
        unlink("\(directory)/group")
        rmdir(directory)
    }

    @Test func `a user is found by name and by number, with all its groups`() {
        let users = users(
            "root:x:0:0:root:/root:/bin/bash\nweb:x:1001:1002:Web,,:/srv/web:/bin/sh\nbroken\n",
            "root:x:0:\nweb:x:1002:\nlog:x:90:root,web\nnone:x:91:\ncam:x:77:web\n")
        defer { clear() }
        let expected = User(
            name: "web", number: 1001, group: 1002, home: "/srv/web", shell: "/bin/sh",
            groups: [77, 90, 1002])
        #expect(users.user("web") == expected)
        #expect(users.user("1001") == expected)
        #expect(users.user("nobody-such") == nil)
        #expect(users.user("4242")?.identity == .init(user: 4242, group: 4242, groups: [4242]))
        #expect(users.group("log") == 90 && users.group("91") == 91 && users.group("what") == nil)
        #expect(users.name(of: 1001) == "web" && users.name(of: 5) == "5")
    }

    @Test func `the machine's own users are found`() {
        #expect(Users().user("root")?.number == 0)
        #expect(Users().user("no-such-user-anywhere") == nil)
        #expect(Users().user("--version") == nil)
    }
}

struct CountingProcessors {
    private func count(_ affinity: Int, _ memberships: String, _ files: [String: String]) -> Int {
        Processors.available(affinity: affinity, memberships: memberships) { files[$0] }
    }

    @Test func `a quota anywhere above cuts the affinity down`() {
        let files = ["/a/b/cpu.max": "max 100000\n", "/a/cpu.max": "150000 100000\n"]
        #expect(count(8, "0::/a/b\n", files) == 2)
        #expect(count(1, "0::/a/b\n", files) == 1)
        #expect(count(8, "0::/x\n", files) == 8)
        #expect(count(8, "0::/\n", ["/cpu.max": "50000 100000"]) == 1)
    }

    @Test func `the older hierarchy counts as well`() {
        let files = [
            "/cpu,cpuacct/d/cpu.cfs_quota_us": "300000\n", "/cpu,cpuacct/d/cpu.cfs_period_us": "100000\n",
            "/cpu,cpuacct/cpu.cfs_quota_us": "-1\n", "/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
        ]
        #expect(count(8, "4:cpu,cpuacct:/d\n1:name=systemd:/\n", files) == 3)
        #expect(count(8, "4:memory:/d\n", files) == 8)
    }

    @Test func `there is at least one`() {
        #expect(Processors.available() >= 1)
        #expect(count(0, "", [:]) == 1)
    }
}
