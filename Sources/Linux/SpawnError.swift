internal import CLinux
internal import Glibc

/// Why nothing was started: the step that the kernel refused, and what it said.
public struct SpawnError: Error, Equatable, Sendable, CustomStringConvertible {
    public var stage: Stage
    /// What the step was about: a path, a user's number, a limit's name.
    public var subject: String
    /// errno(3).
    public var code: Int32

    public enum Stage: Sendable {
        case process, session, cgroup, limit, priority, filter, filterChannel, privileges
        case groups, group, user, directory, descriptors, program
    }

    public init(_ stage: Stage, _ subject: String = "", code: Int32) {
        self.stage = stage
        self.subject = subject
        self.code = code
    }

    /// "cannot change directory to /x: No such file or directory".
    public var description: String { "cannot \(attempt): \(reason)" }

    private var attempt: String {
        switch stage {
        case .process: "start a process"
        case .session: "begin a session"
        case .cgroup: "join the control group"
        case .limit: "limit \(subject)"
        case .priority: "set the priority to \(subject)"
        case .filter: "install the system call filter"
        case .filterChannel: "hand over the system call filter"
        case .privileges: "give up new privileges"
        case .groups: "join the groups of user \(subject)"
        case .group: "become group \(subject)"
        case .user: "become user \(subject)"
        case .directory: "change directory to \(subject)"
        case .descriptors: "pass descriptor \(subject)"
        case .program: "execute \(subject)"
        }
    }

    private var reason: String { String(cString: strerror(code)) }
}

extension SpawnError {
    init(_ outcome: clinux_spawn, of request: SpawnRequest) {
        let position = Int(outcome.position)
        let identity = request.identity
        let (stage, subject): (Stage, String) =
            switch clinux_stage(UInt32(outcome.stage)) {
            case clinux_stage_session: (.session, "")
            case clinux_stage_cgroup: (.cgroup, "")
            case clinux_stage_limit: (.limit, request.limits[position].resource.description)
            case clinux_stage_priority: (.priority, "\(request.priority ?? 0)")
            case clinux_stage_filter: (.filter, "")
            case clinux_stage_filter_channel: (.filterChannel, "")
            case clinux_stage_privileges: (.privileges, "")
            case clinux_stage_groups: (.groups, "\(identity?.user ?? 0)")
            case clinux_stage_group: (.group, "\(identity?.group ?? 0)")
            case clinux_stage_user: (.user, "\(identity?.user ?? 0)")
            case clinux_stage_directory: (.directory, request.directory ?? "")
            case clinux_stage_descriptors: (.descriptors, "\(request.descriptors[position].source)")
            case clinux_stage_execute: (.program, request.program)
            default: (.process, "")
            }
        self.init(stage, subject, code: outcome.error)
    }
}
