/// What part of an app's new connections an instance gets: its weight against the sum of all.
public struct Share: Equatable, Sendable {
    public var instance: InstanceID
    /// At least 1.
    public var weight: Int

    public init(_ instance: InstanceID, weight: Int = 1) {
        self.instance = instance
        self.weight = weight
    }
}

extension [Share] {
    /// The same for each.
    public static func even(_ instances: [InstanceID]) -> [Share] {
        instances.map { Share($0) }
    }

    /// `percent` of all to `few` together, and the rest to `many`, evenly on either side.
    ///
    /// The weights are as small as they can be: the fewer there are, the evener a client's address is spread.
    public static func split(_ many: [InstanceID], _ few: [InstanceID], percent: Int) -> [Share] {
        if few.isEmpty || many.isEmpty { return even(many + few) }
        let (heavy, light) = ((100 - percent) * few.count, percent * many.count)
        let divisor = greatestCommonDivisor(heavy, light)
        return many.map { Share($0, weight: heavy / divisor) }
            + few.map { Share($0, weight: light / divisor) }
    }

    private static func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
        right == 0 ? left : greatestCommonDivisor(right, left % right)
    }
}
