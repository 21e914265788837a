/// How the pump weighs promptness, cost and safety; times in nanoseconds.
enum LogPolicy {
    /// How long a stream that speaks all the time is left alone, so that lines are moved many at a time.
    static let pause: Int64 = 4_000_000
    /// A stream that was moved from within this time speaks all the time.
    static let chatty: Int64 = 12_000_000
    /// How much of a pipe's capacity is moved in one turn, before other streams have theirs.
    static let turnsPerRound = 4

    /// Where less than this was found in a pipe, the rest can wait for the next turn.
    static let piece = 16 * 1024

    /// What a pipe holds; a busy one is made to hold more, as far as the budget for all goes.
    static let pipeCapacity = 64 * 1024
    static let largePipeCapacity = 1024 * 1024
    /// Half of what the kernel grants an ordinary user (16384 pages).
    static let growthBudget = 32 * 1024 * 1024

    /// How long what a dead program said waits for a file that cannot be written; then it is dropped.
    static let patience: Int64 = 2_000_000_000
    static let retry: Int64 = 100_000_000
    /// When the pipe fills meanwhile.
    static let hastyRetry: Int64 = 10_000_000
    static let resumeRetry: Int64 = 1_000_000_000
    /// How many pieces are taken from the pipe of a stream that is dropped, before others have their turn.
    static let dropsPerRound = 16
    /// How long others wait for the end of a line that one stream has begun in a shared file.
    static let linePatience: Int64 = 100_000_000
    /// How often it is looked whether the file at the path is still the same.
    static let lookAtPath: Int64 = 1_000_000_000
    /// How often it is looked whether the disk has room.
    static let lookAtSpace: Int64 = 250_000_000
    /// And at the latest after so many bytes.
    static let lookAtSpaceBytes: Int64 = 1 << 20

    /// How long the kernel may take over something until another thread goes on without this one, and how many wait
    /// for an answer at most.
    static let answerPatience: Int64 = 1_000_000_000
    static let lostThreads = 16

    /// At an end in order: how long other loggers may take over what waits for them, and until the daemon goes without a word of the
    /// pump.
    static let outletFarewell: Int64 = 500_000_000
    static let partingPatience: Int64 = 3_000_000_000

    /// From the first new stream of a rush until its files are there, though nothing was said.
    static let openingDelay: Int64 = 100_000_000

    /// Rotation waits for the end of a line, but no longer than for so many bytes.
    static let lineLimit: Int64 = 256 * 1024
    /// After a rotation that failed.
    static let rotationRetry: Int64 = 60_000_000_000

    /// Between two notes of the time, if so much was written.
    static let noteInterval: Int64 = 4_000_000
    static let noteBytes: Int64 = 4096
    /// Between two notes of the time, however little was written.
    static let longNoteInterval: Int64 = 20_000_000
    /// So much without a note there is never, though the clock went back.
    static let noteBytesLimit: Int64 = 1 << 20

    /// What may wait of one stream for another logger, and of all; and how many bytes each message counts more.
    static let outletShare = 256 * 1024
    static let outletQueue = 4 * 1024 * 1024
    static let outletOverhead = 64
    /// Until one that is not there, or takes nothing, is tried again.
    static let outletPause: Int64 = 1_000_000_000
    /// For this much a pipe has room that says so.
    static let outletPiece = 4096

    static let lastWordsBytes = 16 * 1024
    /// Of each line of the last words.
    static let lastWordBytes = 1000
}
