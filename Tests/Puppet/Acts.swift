import Glibc
import Keeper
import Linux

/// Does what was ordered, in a fixed order, and never comes back.
func act(on orders: inout Orders) -> Never {
    if let file = orders.stamp { stamp(file) }
    if let file = orders.report { Crashes.report(to: file, as: "puppet 1.2.3") }
    if let kind = orders.crash { crash(kind) }
    if let home = orders.keep { keep(home, orders.command) }
    if let path = orders.handOver { handOver(to: path) }
    if !orders.deny.isEmpty || !orders.command.isEmpty { become(orders.command, without: orders.deny) }
    if orders.ignoreTerm { for signal in [SIGTERM, SIGINT, SIGHUP] { signal.ignore() } }
    if let file = orders.lock { hold(file) }
    for _ in 0..<orders.children { fork { waitForEver() } }
    if orders.daemonizeChild { daemonize() }
    if orders.lines > 0 { say(numbered(orders.lines, "line")) }
    if orders.errorLines > 0 { say(numbered(orders.errorLines, "error"), to: 2) }
    var stage = Stage(orders)
    exit(stage.play())
}

extension Int32 {
    /// Ignores the signal of this number.
    fileprivate func ignore() { signal(self, SIG_IGN) }
}

/// Appends "pid nanoseconds\n" in one write, so that many puppets may share the file.
private func stamp(_ file: String) {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    let descriptor = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    say("\(getpid()) \(now.tv_sec * 1_000_000_000 + now.tv_nsec)\n", to: descriptor)
    close(descriptor)
}

/// Holds the lock for life; a second holder exits with 75.
private func hold(_ file: String) {
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        say("puppet: \(file) is held by another\n", to: 2)
        exit(75)
    }
}

/// A grandchild of its own session that outlives everybody: daemon(7), the old way.
private func daemonize() {
    fork {
        setsid()
        fork { waitForEver() }
        _exit(0)
    }
}

private func fork(_ child: () -> Void) {
    let process = Glibc.fork()
    guard process >= 0 else { refuse("cannot fork") }
    if process == 0 {
        child()
        _exit(0)
    }
}

/// A keeper in a process of its own, whose daemon the test can play.
private func keep(_ home: String, _ command: [String]) -> Never {
    var configuration = KeeperConfiguration(home: home)
    configuration.program = command.first ?? "/bin/false"
    configuration.arguments = Array(command.dropFirst())
    exit(KeeperProcess.run(configuration))
}

/// Gives a test what the daemon has from its keeper, so that the test can be the daemon. With its own number, because
/// the test wants to know whom it plays.
private func handOver(to path: String) {
    do {
        let number = withUnsafeBytes(of: getpid()) { Array($0) }
        _ = try UnixSocket.connect(path).sendMessage(
            number,
            descriptors: [
                KeeperConfiguration.linkDescriptor, KeeperConfiguration.lockDescriptor,
                KeeperConfiguration.readyDescriptor,
            ])
    } catch {
        refuse(error.description)
    }
}

private func waitForEver() { while true { pause() } }

private func numbered(_ count: Int, _ word: String) -> String {
    (1...count).map { "\(word) \($0)\n" }.joined()
}

/// Replaces this process by a command for which the kernel lacks some calls.
private func become(_ command: [String], without denied: [String]) -> Never {
    guard !command.isEmpty else { refuse("nothing to run after --") }
    for name in denied { deny(name) }
    let pointers: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    execvp(pointers[0]!, pointers)
    refuse("cannot run \(command[0]): \(String(cString: strerror(errno)))")
}

/// As the profiles of containers deny them: clone3(2) as if unknown, so that libraries fall back; others with EPERM.
private func deny(_ name: String) {
    let filter: SeccompFilter =
        switch name {
        case "pidfd_getfd": .denying([.borrowDescriptor])
        case "pidfd_open": .denying([.openProcess])
        case "process_vm_readv": .denying([.readProcessMemory])
        case "notify": .denying([.newListener])
        case "close_range": .denying([.closeRange])
        case "clone3": .denying([.cloneThree], with: ENOSYS)
        default: refuse("cannot deny \(name)")
        }
    do {
        try filter.confineThisThread(forbidsNewPrivileges: geteuid() != 0)
    } catch {
        refuse(error.description)
    }
}
