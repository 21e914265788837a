internal import Supervision
internal import Wire

extension Loop {
    /// What would come back after a boot, and what of the callers' environments would not.
    var list: [UInt8] {
        var file = StateFile(
            state: supervisor.saved.withoutProcesses, environments: environments.survivors, boot: nil)
        file.lost = environments.losses
        return file.bytes
    }
}
