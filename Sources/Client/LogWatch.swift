internal import Linux
internal import Supervision

/// Tells when it is worth reading logs again, and when there may be more of them.
///
/// A class, because it owns an open file.
final class LogWatch {
    private let home: Home
    private var watch: DirectoryWatch?
    private var paths: Set<String> = []
    private var directories: Set<String> = []
    /// Something cannot be watched, and is looked at again and again.
    private var isBlind = false
    private var look: Deadline?

    struct News {
        /// Logs that have changed; nil: any may have.
        var paths: Set<String>?
        var mayHaveLogs = false
    }

    /// Where nothing tells of changes.
    private static let pause = Duration.milliseconds(250)
    private static let blindLook = Duration.seconds(1)
    /// What is started together is looked at together.
    private static let delay = Duration.milliseconds(50)

    init(home: Home) {
        self.home = home
        // Refused when the user has too many: then everything is looked at now and then.
        watch = try? DirectoryWatch()
        isBlind = watch == nil
        // State and socket tell of apps; the directory of logs may come later.
        for directory in [home.path, home.logs] { add(directory: directory) }
    }

    var number: Int32? { watch?.descriptor.number }

    /// How long it may be waited for news.
    var patience: Duration? { isBlind ? LogWatch.pause : look?.remaining }

    func add(_ log: String) {
        paths.insert(log)
        add(directory: LogPart.split(log).directory)
    }

    func lookAgain(in pause: Duration) { look = look ?? Deadline(in: pause) }

    /// What has happened since it was asked last.
    func read() throws(SystemError) -> News {
        var news = News(paths: isBlind ? nil : [])
        switch try watch?.read() {
        case .anything?:
            news.paths = nil
            directories = []
            for log in paths { add(directory: LogPart.split(log).directory) }
            lookAgain(in: .zero)
        case .changes(let changes)?: for change in changes { take(change, &news) }
        case nil: if isBlind { lookAgain(in: LogWatch.blindLook) }
        }
        if let look, look.isPast {
            self.look = nil
            news.mayHaveLogs = true
        }
        return news
    }

    private func take(_ change: DirectoryWatch.Change, _ news: inout News) {
        let path = change.path
        if path == home.logs {
            add(directory: path)
            // What was written there before that was told to nobody.
            news.paths = nil
        }
        if paths.contains(path) {
            news.paths?.insert(path)
        } else if change.directory == home.logs ? LogFileName(change.name) != nil : tellsOfApps(path) {
            lookAgain(in: LogWatch.delay)
        }
    }

    private func tellsOfApps(_ path: String) -> Bool { [home.state, home.socket, home.logs].contains(path) }

    private func add(directory: String) {
        guard directories.insert(directory).inserted else { return }
        do throws(SystemError) {
            try watch?.add(directory)
        } catch {
            directories.remove(directory)
            // The directory of logs is told of by the home when it comes.
            if directory != home.logs { isBlind = true }
        }
    }
}
