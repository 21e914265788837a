/// The apps a command is about, or one slot of one app.
struct Selection: Equatable {
    /// Sorted.
    var apps: [AppName]
    var only: SlotIndex?

    /// The same, for what can only be done to whole apps.
    var whole: Selection { Selection(apps: apps) }
}

extension Supervisor {
    /// What is being deleted is as good as gone.
    func select(_ selector: Selector) throws(Refusal) -> Selection {
        let present = apps.filter { !$0.value.isBeingDeleted }.keys.sorted()
        switch selector {
        case .all: return Selection(apps: present)
        case .named("all"): return Selection(apps: present)
        case .named(let text):
            let named = present.filter { $0.name == text || $0.description == text }
            if !named.isEmpty { return Selection(apps: named) }
            let inside = present.filter { $0.namespace == text }
            if !inside.isEmpty { return Selection(apps: inside) }
            guard let number = Int(text), let found = slot(SlotID(number), among: present) else {
                throw .noSuchApp(text)
            }
            return found
        }
    }

    private func slot(_ id: SlotID, among names: [AppName]) -> Selection? {
        for name in names {
            guard let slot = apps[name]?.slots.first(where: { $0.id == id }) else { continue }
            return Selection(apps: [name], only: apps[name]?.slots.count == 1 ? nil : slot.index)
        }
        return nil
    }
}
