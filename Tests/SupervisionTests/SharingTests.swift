import Supervision
import Testing

@Suite struct Sharing {
    private func ids(_ numbers: ClosedRange<UInt64>) -> [InstanceID] { numbers.map { InstanceID($0) } }

    @Test(arguments: [(4, 1, 5), (4, 2, 50), (1, 1, 1), (3, 3, 99), (1000, 50, 5), (7, 2, 13)])
    func `the few get together what they were promised, and the least numbers say so`(
        _ many: Int, _ few: Int, _ percent: Int
    ) {
        let old = ids(1...UInt64(many))
        let new = ids(2001...UInt64(2000 + few))
        let shares = [Share].split(old, new, percent: percent)
        let total = shares.reduce(0) { $0 + $1.weight }
        let given = shares.filter { $0.instance.number > 2000 }.reduce(0) { $0 + $1.weight }
        #expect(given * 100 == total * percent)
        #expect(Set(shares.map(\.weight)).count <= 2)
        #expect(shares.map(\.instance) == old + new)
        #expect(shares.contains { $0.weight % 2 == 1 })
    }

    @Test func `five of a hundred beside four`() {
        let shares = [Share].split(ids(1...4), ids(5...5), percent: 5)
        #expect(shares.map(\.weight) == [19, 19, 19, 19, 4])
    }

    @Test func `where one side is empty the other gets everything`() {
        #expect([Share].split(ids(1...2), [], percent: 5) == .even(ids(1...2)))
        #expect([Share].split([], ids(1...2), percent: 5) == .even(ids(1...2)))
    }
}
