internal import Supervision

/// The script by which OpenRC starts swpm (openrc-run(8), start-stop-daemon(8)).
///
/// OpenRC's own functions would split paths at their blanks, so `start` and `stop` are written out. SIGTERM has the keeper
/// stop all programs gracefully; it is never followed by SIGKILL, which would only leave them alone.
enum OpenRCScript {
    static func text(_ service: BootService) -> String {
        let user = ShellWords.quoted(service.user)
        return """
            #!/sbin/openrc-run
            \(BootService.mark)

            name=\(ShellWords.quoted("swpm of \(service.user)"))
            pidfile="/run/${RC_SVCNAME}.pid"

            depend() {
                need localmount
                use net dns logger netmount
                after firewall
            }

            start() {
                ebegin "Starting ${name}"
                ulimit -H -n 1048576 2>/dev/null
                ulimit -S -n 65536 2>/dev/null
                export SWPM_HOME=\(ShellWords.quoted(service.home))
                start-stop-daemon --start --background --make-pidfile --pidfile "${pidfile}" \\
                    --user \(user) --exec \(ShellWords.quoted(service.program)) -- keeper
                eend $?
            }

            stop() {
                ebegin "Stopping ${name}"
                start-stop-daemon --stop --pidfile "${pidfile}" --retry TERM/600
                eend $?
            }

            """
    }
}
