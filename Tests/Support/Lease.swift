/// Somebody who has leased the file (fcntl(2), `F_SETLEASE`): whoever opens it for writing waits in the kernel until that
/// one ends, or for `/proc/sys/fs/lease-break-time`. Nil where this file system has no leases.
public func lease(
    _ path: String, _ command: (String, [String]) -> Command = { Command($0, $1) }
) throws -> Running? {
    let program = """
        import fcntl, os, signal, sys
        signal.signal(signal.SIGIO, signal.SIG_IGN)
        try:
            fcntl.fcntl(os.open(sys.argv[1], os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)
            print("held", flush=True)
        except OSError:
            print("none", flush=True)
        signal.pause()
        """
    let running = try command("/usr/bin/python3", ["-c", program, path]).start()
    try eventually("the lease") { running.outputSoFar.hasSuffix("\n") }
    return running.outputSoFar == "held\n" ? running : nil
}
