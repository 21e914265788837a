import Glibc
import Linux

// A load generator that knows how a request can fail: `load --clients 16 --seconds 10 127.0.0.1:3000`.
// Ends at its count, its time, or SIGTERM; then prints what happened as one line of JSON. See Options.swift.

do {
    let options = Options(parsing: ThisProcess.arguments())
    var run = try Run(options)
    try run.toTheEnd()
    say(run.tally.summary(after: run.elapsed) + "\n", to: 1)
    exit(run.tally.failures == 0 ? 0 : 1)
} catch {
    refuse("\(error)")
}
