internal import Supervision

extension Progress: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            app: try AppName(&fields), slot: SlotIndex(try fields.read("slot")),
            generation: Generation(try fields.read("generation")), step: try Step(&fields))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            app.write(to: &writer)
            writer.field("slot", slot.number)
            writer.field("generation", generation.number)
            step.write(to: &writer)
        }
    }
}

extension Progress.Step {
    /// From the member `step` and what belongs to it.
    init(_ fields: inout JSONFields) throws(JSONMismatch) {
        let step: String = try fields.read("step")
        switch step {
        case "queued": self = .queued
        case "launching": self = .launching
        case "started": self = .started(ProcessID(try fields.read("pid")))
        case "ready": self = .ready(try fields.read("listening"))
        case "draining": self = .draining
        case "stopping": self = .stopping
        case "stopped": self = .stopped
        case "died": self = .died(try fields.read("death"))
        case "rolling_back": self = .rollingBack
        case "switched": self = .switched
        default: throw JSONMismatch("a step that is not known here: \(step)")
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .queued: writer.field("step", "queued")
        case .launching: writer.field("step", "launching")
        case .started(let process):
            writer.field("step", "started")
            writer.field("pid", process.number)
        case .ready(let addresses):
            writer.field("step", "ready")
            writer.field("listening", addresses)
        case .draining: writer.field("step", "draining")
        case .stopping: writer.field("step", "stopping")
        case .stopped: writer.field("step", "stopped")
        case .died(let death):
            writer.field("step", "died")
            writer.field("death", death)
        case .rollingBack: writer.field("step", "rolling_back")
        case .switched: writer.field("step", "switched")
        }
    }
}
