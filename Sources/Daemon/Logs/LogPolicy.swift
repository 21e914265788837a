/// How the pump weighs promptness, cost and safety; times in nanoseconds.
enum LogPolicy {
    /// How long a stream that speaks all the time is left alone, so that lines are moved many at a time.
    static let pause: Int64 = 4_000_000
    /// A stream that was moved from within this time speaks all the time.
    static let chatty: Int64 = 12_000_000
    /// How much of a pipe's capacity is moved in one turn, before other streams have theirs.
    static let turnsPerRound = 4

    /// What a pipe holds; a busy one is made to hold more, as far as the budget for all goes.
    static let pipeCapacity = 64 * 1024
    static let largePipeCapacity = 1024 * 1024
    /// Half of what the kernel grants an ordinary user (16384 pages).
    static let growthBudget = 32 * 1024 * 1024

    /// How long a program may be held up by a file that cannot be written; then its output is dropped.
    static let patience: Int64 = 2_000_000_000
    static let retry: Int64 = 100_000_000
    static let resumeRetry: Int64 = 1_000_000_000
    /// How long others wait for the end of a line that one stream has begun in a shared file.
    static let linePatience: Int64 = 100_000_000
    /// How often it is looked whether the file at the path is still the same.
    static let lookAtPath: Int64 = 1_000_000_000

    /// From the first new stream of a rush until its files are there, though nothing was said.
    static let openingDelay: Int64 = 100_000_000

    static let lastWordsBytes = 16 * 1024
    /// Of each line of the last words.
    static let lastWordBytes = 1000
}
