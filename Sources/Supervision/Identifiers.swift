/// An application's name within its namespace: what `list` shows and selectors match.
public struct AppName: Hashable, Comparable, Sendable, CustomStringConvertible {
    public static let defaultNamespace = "default"

    public var namespace: String
    public var name: String

    public init(_ name: String, in namespace: String = AppName.defaultNamespace) {
        self.namespace = namespace
        self.name = name
    }

    public static func < (left: AppName, right: AppName) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }

    /// The bare name in the default namespace, `namespace:name` elsewhere.
    public var description: String {
        namespace == AppName.defaultNamespace ? name : "\(namespace):\(name)"
    }
}

/// The place of a slot within its app: 0 ..< instances, dense and stable.
public struct SlotIndex: Hashable, Comparable, Sendable {
    public var number: Int
    public init(_ number: Int) { self.number = number }
    public static func < (left: SlotIndex, right: SlotIndex) -> Bool { left.number < right.number }
}

/// The small number by which people name a slot (PM2's `pm_id`). It survives restart, reload and daemon restarts.
public struct SlotID: Hashable, Comparable, Sendable {
    public var number: Int
    public init(_ number: Int) { self.number = number }
    public static func < (left: SlotID, right: SlotID) -> Bool { left.number < right.number }
}

/// Which version of an app's specification a process was started from; 1 is the first, a reload adds one.
public struct Generation: Hashable, Comparable, Sendable {
    public var number: Int
    public init(_ number: Int) { self.number = number }
    public static func < (left: Generation, right: Generation) -> Bool { left.number < right.number }
}

/// One attempt to run a program. Never reused, not even across daemon restarts.
public struct InstanceID: Hashable, Comparable, Sendable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public static func < (left: InstanceID, right: InstanceID) -> Bool { left.number < right.number }
}

/// The kernel's number for a process (getpid(2)). Reused by the kernel, hence never an identity of ours.
public struct ProcessID: Hashable, Comparable, Sendable {
    public var number: Int32
    public init(_ number: Int32) { self.number = number }
    public static func < (left: ProcessID, right: ProcessID) -> Bool { left.number < right.number }
}

/// One client's question, to which exactly one `Reply` belongs.
public struct Ticket: Hashable, Comparable, Sendable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public static func < (left: Ticket, right: Ticket) -> Bool { left.number < right.number }
}

/// Names a caller's whole environment, which the shell keeps: values never enter the core or the disk.
public struct EnvironmentID: Hashable, Comparable, Sendable {
    public var number: UInt64
    public init(_ number: UInt64) { self.number = number }
    public static func < (left: EnvironmentID, right: EnvironmentID) -> Bool { left.number < right.number }
}
