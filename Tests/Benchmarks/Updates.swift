import Linux
import Support

/// What `swpm update` costs with twenty instances: the whole command, from the rehearsal to the new daemon's answer.
func measureUpdates(_ table: inout Table) throws {
    let scratch = Scratch()
    defer { scratch.end() }
    let swpm = Swpm(scratch)
    try swpm.run("start", "sleep", "--name", "crowd", "-i", "20", "--", "3600")
    let before = try swpm.run("jlist").output.split(separator: "\"pid\":").count
    let durations = try (0..<15).map { _ in
        let began = Clock.monotonic()
        try swpm.run("update")
        return Clock.monotonic() - began
    }
    guard try swpm.run("jlist").output.split(separator: "\"pid\":").count == before else {
        throw NeverHappened(description: "an update lost an instance")
    }
    table.add("update of swpm, 20 instances, whole command", milliseconds(median(durations)))
    table.add("the longest of 15", milliseconds(durations.max() ?? 0))
}
