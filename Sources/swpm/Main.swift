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
        case "keeper": keep(Array(arguments.dropFirst()))
        case "daemon": supervise()
        default: Client.run(arguments)
        }
    }

    /// `swpm keeper [--ready DESCRIPTOR]`: the launcher says where the first daemon reports that it is up.
    /// `--check` asks whether this program could take over, `--resume` has it do so. `--bereaved LINK LOCK`: a daemon that
    /// has lost its keeper hands everything over.
    private static func keep(_ arguments: [String]) -> Int32 {
        let number = arguments.count > 1 ? Int32(arguments[1]) : nil
        if arguments.first == "--check", let number {
            return Rehearsal.run(home: home, version: Version.number, handover: number)
        }
        reportCrashes(of: "keeper")
        let ready = arguments.first == "--ready" ? number : nil
        if arguments.first == "--bereaved", arguments.count > 2 {
            return KeeperProcess.run(
                KeeperConfiguration(home: home, lock: Int32(arguments[2]), bereaved: number))
        }
        return KeeperProcess.run(
            KeeperConfiguration(home: home, ready: ready, resumption: Resumption(arguments)))
    }

    private static func supervise() -> Int32 {
        reportCrashes(of: "daemon")
        return Startup.run(home: home, version: Version.number)
    }

    private static func reportCrashes(of part: String) {
        Crashes.report(to: "\(home)/daemon.log", as: "\(Version.text) (\(Image.buildID)), \(part)")
    }

    private static var home: String { ThisProcess.variable(KeeperConfiguration.homeVariable) ?? "/" }
}
