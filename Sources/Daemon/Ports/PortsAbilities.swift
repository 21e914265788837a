internal import Linux
internal import Supervision

/// What this machine lets the daemon do for its programs' ports.
struct PortsAbilities: Equatable, Sendable {
    /// Why no filter can be installed; nil: it can.
    var filterRefusal: String?
    /// Root's rights, or at least CAP_SYS_ADMIN: filters without giving up new privileges.
    var isPrivileged: Bool
    var bindsLowPorts: Bool
    var changesOwners: Bool
    var firstUnprivilegedPort: UInt16

    /// Tries it out, with a child that runs no program.
    static func find() -> PortsAbilities {
        let isPrivileged = Capability.administer.isHeld
        let refused = refusal(of: [.bindAndListen], forbidsNewPrivileges: !isPrivileged)
        return PortsAbilities(
            filterRefusal: refused?.description, isPrivileged: isPrivileged,
            bindsLowPorts: Capability.bindLowPorts.isHeld, changesOwners: Capability.changeOwner.isHeld,
            firstUnprivilegedPort: KernelSettings.firstUnprivilegedPort)
    }

    /// How to start an instance, and what to say about it, once.
    ///
    /// Without root's rights a filter takes the program its setuid helpers (sudo, ping): so it must be worth it,
    /// or be asked for.
    func tier(for spec: AppSpec, besideAnother: Bool) -> (tier: PortsTier, complaint: String?) {
        guard spec.zeroDowntime ?? (isPrivileged || spec.instances > 1 || besideAnother) else {
            return (.plain, nil)
        }
        guard let filterRefusal else { return (.hold, nil) }
        if !spec.sockets.isEmpty {
            return (
                .sockets,
                "listeners of \(spec.name) are passed as LISTEN_FDS instead of being held: \(filterRefusal)"
            )
        }
        return (
            .plain,
            "listeners of \(spec.name) are not held, so its instances cannot share a port and a reload loses "
                + "connections: \(filterRefusal) (\"sockets\" would be a way out)"
        )
    }
}
