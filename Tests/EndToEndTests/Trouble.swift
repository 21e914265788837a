import Glibc
import Support
import Testing

/// Something that the machine refuses for a while.
struct Trouble {
    let name: String
    /// What must be said of it in daemon.log, at the latest when it is over.
    let words: String
    /// It is said while it lasts, and the command that is given meanwhile fails.
    var isAwaited = false
    /// Nothing can be started meanwhile.
    var endsStarts = false
    /// Begins it, and returns how it ends.
    let begin: (Site) throws -> () -> Void

    /// What can be had here for this owner.
    static func all(for site: Site) -> [Trouble] {
        let isDisk = site.hasOwnDisk
        return [descriptors, keepersDescriptors, memory, sizes]
            + (site.owner == .user ? [processes] : [])
            + (isDisk ? [space, readOnly] : [])
    }

    /// EMFILE: there is room for clients, and none for a program's pipes.
    private static var descriptors: Trouble {
        Trouble(
            name: "no descriptors", words: "Too many open files", endsStarts: true
        ) { site in
            let daemon = try site.daemon
            let open = Set(names(in: "/proc/\(daemon)/fd").compactMap { UInt64($0) })
            let free = (0...).lazy.filter { !open.contains($0) }
            return try limit("nofile", site, of: daemon, to: free.prefix(4).max()!)
        }
    }

    /// EMFILE where the next daemon would be started, while there is none.
    private static var keepersDescriptors: Trouble {
        Trouble(
            name: "no descriptors in the keeper", words: "keeper: cannot pass descriptor", isAwaited: true
        ) { site in
            let keeper = try #require(site.own.first { $0.command[1] == "keeper" }).id
            let end = try limit("nofile", site, of: keeper, to: 3)
            kill(try site.daemon, SIGKILL)
            return end
        }
    }

    /// EAGAIN of clone(2), as when the table of processes is full.
    private static var processes: Trouble {
        Trouble(
            name: "no processes", words: "cannot start a process: Resource temporarily unavailable",
            isAwaited: true
        ) { try limit("nproc", $0, of: $0.daemon, to: 1) }
    }

    /// ENOMEM: a daemon that needs more than it has ends, and another goes on.
    private static var memory: Trouble {
        Trouble(name: "no memory", words: "") {
            try limit("as", $0, of: $0.daemon, to: 1 << 20)
        }
    }

    /// EFBIG, and SIGXFSZ to whoever has not thought of it.
    private static var sizes: Trouble {
        Trouble(name: "no growth", words: "File too large") {
            try limit("fsize", $0, of: $0.daemon, to: 1)
        }
    }

    /// ENOSPC.
    private static var space: Trouble {
        Trouble(name: "no space", words: "No space left on device") { site in
            let filler = "\(site.home)/filler"
            let descriptor = open(filler, O_WRONLY | O_CREAT, 0o600)
            let block = [UInt8](repeating: 0, count: 1 << 16)
            while write(descriptor, block, block.count) > 0 {}
            while write(descriptor, block, 1) > 0 {}
            close(descriptor)
            return { unlink(filler) }
        }
    }

    /// EROFS: another, read-only mount stands before the home.
    private static var readOnly: Trouble {
        Trouble(name: "no writing", words: "Read-only file system") { site in
            let home = site.home
            try #require(try machine("mount", "--bind", home, home))
            let isReadOnly = try machine("mount", "-o", "remount,bind,ro", home)
            let end: () -> Void = { _ = try? machine("umount", "--lazy", home) }
            if !isReadOnly { end() }
            try #require(isReadOnly)
            return end
        }
    }

    /// Takes from a process that runs, and gives it back (prlimit(1)), as its owner: not even root may everywhere.
    private static func limit(
        _ resource: String, _ site: Site, of process: Int32, to soft: UInt64
    ) throws -> () -> Void {
        let set = { (words: [String]) throws -> Finished in
            try site.command("/usr/bin/prlimit", ["--pid", "\(process)"] + words).run()
        }
        let former = try set(["--raw", "--noheadings", "--output", "SOFT", "--\(resource)"]).output
        let less = try set(["--\(resource)=\(soft):"])
        try #require(less.succeeded, "\(less)")
        // It may have ended of it.
        return { _ = try? set(["--\(resource)=\(former.filter { !$0.isWhitespace }):"]) }
    }
}

private func machine(_ words: String...) throws -> Bool {
    try Command("/usr/bin/\(words[0])", Array(words.dropFirst())).run().succeeded
}

extension Site {
    /// A disk of 16 megabytes for the home alone, where root may have one.
    func mountHome() throws {
        guard geteuid() == 0 else { return }
        let user = owner.becomes ?? 0
        _ = try machine(
            "mount", "-t", "tmpfs", "-o", "size=16m,mode=700,uid=\(user),gid=\(user)", "home", home)
    }

    var hasOwnDisk: Bool {
        var (own, other) = (stat(), stat())
        stat(home, &own)
        stat(scratch.path, &other)
        return own.st_dev != other.st_dev
    }

    /// The end of the scratch directory cannot remove what is mounted.
    func endWithDisk() {
        let isDisk = hasOwnDisk
        scratch.end()
        guard isDisk else { return }
        _ = try? machine("umount", "--lazy", home)
        removeTree(scratch.path)
    }
}
