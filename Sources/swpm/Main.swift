internal import Client
internal import Console
internal import Daemon
internal import Keeper
internal import Linux

/// Which shell? One binary is the client, the keeper and the daemon.
@main
enum Main {
    static func main() {
        let arguments = ThisProcess.arguments()
        ThisProcess.exit(run(arguments))
    }

    private static func run(_ arguments: [String]) -> Int32 {
        switch arguments.first {
        case "keeper": KeeperProcess.run(keeperConfiguration(arguments.dropFirst()))
        case "daemon": Startup.run(home: home, version: Version.number)
        default: Client.run(arguments)
        }
    }

    /// `swpm keeper [--ready DESCRIPTOR]`: the launcher says where the first daemon reports that it is up.
    private static func keeperConfiguration(_ arguments: ArraySlice<String>) -> KeeperConfiguration {
        let ready = arguments.first == "--ready" ? arguments.dropFirst().first.flatMap { Int32($0) } : nil
        return KeeperConfiguration(home: home, ready: ready)
    }

    private static var home: String { ThisProcess.variable(KeeperConfiguration.homeVariable) ?? "/" }
}
