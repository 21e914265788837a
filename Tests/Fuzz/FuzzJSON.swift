import Wire

/// Whatever is read can be written and read again, strictly; and no decoder does more than refuse.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = UnsafeBufferPointer(start: start, count: count)
    let strict = try? JSON(parsing: bytes)
    let relaxed = try? JSON(parsing: bytes, options: .configuration)
    precondition(strict == nil || relaxed == strict, "what is strict JSON means something else to people")
    if let relaxed { tryRewriting(relaxed) }
    let copy = Array(bytes)
    let clock = WallClock()
    _ = try? EcosystemFile.decode(copy, path: "e.json", callerDirectory: "/", processors: 2, environment: "x")
    _ = try? Answer.line(copy, clock: clock)
    _ = Answer.refusal(copy, status: 422)
    if let snapshot = try? Answer.snapshot(copy, clock: clock) {
        let again = try? Answer.snapshot(Answer.bytes(snapshot, clock: clock), clock: clock)
        precondition(again != nil, "our own snapshot was not understood")
    }
    if let file = try? StateFile(parsing: copy) {
        precondition((try? StateFile(parsing: file.bytes)) == file, "a state changed on its way")
    }
    return 0
}

private func tryRewriting(_ json: JSON) {
    var writer = JSONWriter()
    writer.value(json)
    precondition((try? JSON(parsing: writer.bytes)) == json, "a text changed when it was written")
}
