internal import Keeper
internal import Linux
internal import Supervision

struct PortsProvision: Sendable { func complete(_ r: inout SpawnRequest) {} }
final class Ports {
    init(watches: Watches, keeper: KeeperLink) throws(SystemError) {}
    func restore(_ m: KeeperLink.Manifest, _ s: SavedState) {}
    var nextDeadline: Instant? { nil }
    func deadlinePassed(at: Instant) {}
    func prepare(_ i: InstanceID, _ l: Launch) throws(SystemError) -> PortsProvision { PortsProvision() }
    func spawned(_ i: InstanceID, _ p: ProcessID) {}
    func steer(_ a: AppName, to: [InstanceID]) {}
    func drain(_ i: InstanceID) {}
    func exited(_ i: InstanceID) {}
    func release(_ i: InstanceID) {}
}
