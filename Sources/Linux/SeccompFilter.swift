internal import CLinux
internal import Glibc

/// One instruction of a classic BPF program (linux/filter.h).
public struct FilterInstruction: Equatable, Sendable {
    public var code: UInt16
    public var whenTrue: UInt8
    public var whenFalse: UInt8
    public var operand: UInt32

    public init(_ code: UInt16, _ operand: UInt32, whenTrue: UInt8 = 0, whenFalse: UInt8 = 0) {
        self.code = code
        self.whenTrue = whenTrue
        self.whenFalse = whenFalse
        self.operand = operand
    }

    var raw: clinux_instruction {
        clinux_instruction(code: code, jump_true: whenTrue, jump_false: whenFalse, operand: operand)
    }
}

/// A program that the kernel asks before each system call of a process and its descendants (seccomp(2)).
public struct SeccompFilter: Equatable, Sendable {
    public var instructions: [FilterInstruction]
    /// Whether it has a listener that is told of calls (seccomp_unotify(2)).
    public var notifies: Bool

    /// Asks the listener at bind(2), if the address can be an internet one, and at listen(2).
    ///
    /// An address of less than 16 bytes is netlink's, which glibc's resolver binds all the time.
    public static let bindAndListen = SeccompFilter(
        instructions: SyscallTable.all.flatMap { $0.trappingBindAndListen } + [answer(allow)], notifies: true)

    /// Makes calls fail with an error number (EPERM), as a container's profile would.
    public static func denying(_ calls: [DeniedCall], with code: Int32? = nil) -> SeccompFilter {
        let table = SyscallTable.native
        let checks = calls.flatMap { $0.checks(table, refusal: answer(refuse | UInt32(code ?? EPERM))) }
        var instructions = [load(architectureOffset)]
        // Foreign architectures are let through: this one is for tests and narrow purposes.
        instructions.append(FilterInstruction(jumpIfEqual, table.architecture, whenTrue: 1))
        instructions.append(answer(allow))
        instructions.append(load(numberOffset))
        return SeccompFilter(instructions: instructions + checks + [answer(allow)], notifies: false)
    }

    /// Installs it for the calling thread, and what that starts. There is no way back.
    public func confineThisThread(forbidsNewPrivileges: Bool) throws(SystemError) {
        precondition(!notifies, "a thread that asks itself waits for ever")
        if forbidsNewPrivileges { try check(clinux_forbid_new_privileges(), "give up new privileges") }
        let raw = instructions.map(\.raw)
        try check(clinux_seccomp_install(raw, UInt16(raw.count), 0), "install a system call filter")
    }

    /// A call that a filter can deny.
    public enum DeniedCall: Sendable {
        case cloneThree, borrowDescriptor, openProcess, readProcessMemory, closeRange
        /// seccomp(2) with SECCOMP_FILTER_FLAG_NEW_LISTENER.
        case newListener

        fileprivate func checks(
            _ table: SyscallTable, refusal: FilterInstruction
        ) -> [FilterInstruction] {
            switch self {
            case .cloneThree: SeccompFilter.refusing(435, refusal)
            case .borrowDescriptor: SeccompFilter.refusing(438, refusal)
            case .closeRange: SeccompFilter.refusing(436, refusal)
            case .openProcess: SeccompFilter.refusing(434, refusal)
            case .readProcessMemory: SeccompFilter.refusing(table.readMemory, refusal)
            case .newListener:
                [
                    FilterInstruction(SeccompFilter.jumpIfEqual, table.seccomp, whenFalse: 4),
                    SeccompFilter.load(SeccompFilter.argumentOffset(1)),
                    FilterInstruction(SeccompFilter.jumpIfAnyBit, 1 << 3, whenFalse: 1),
                    refusal,
                    SeccompFilter.load(SeccompFilter.numberOffset),
                ]
            }
        }
    }

    private static func refusing(_ number: UInt32, _ refusal: FilterInstruction) -> [FilterInstruction] {
        [FilterInstruction(jumpIfEqual, number, whenFalse: 1), refusal]
    }
}

// MARK: - Instructions

extension SeccompFilter {
    fileprivate static let jumpIfEqual: UInt16 = 0x15
    fileprivate static let jumpIfAtLeast: UInt16 = 0x35
    fileprivate static let jumpIfAnyBit: UInt16 = 0x45
    fileprivate static let allow: UInt32 = 0x7fff_0000
    fileprivate static let notify: UInt32 = 0x7fc0_0000
    fileprivate static let refuse: UInt32 = 0x0005_0000
    fileprivate static let numberOffset: UInt32 = 0
    fileprivate static let architectureOffset: UInt32 = 4

    /// The low half of an argument (little endian).
    fileprivate static func argumentOffset(_ index: UInt32) -> UInt32 { 16 + 8 * index }
    fileprivate static func load(_ offset: UInt32) -> FilterInstruction { FilterInstruction(0x20, offset) }
    fileprivate static func answer(_ value: UInt32) -> FilterInstruction { FilterInstruction(0x06, value) }
}

/// The numbers one architecture gives the calls we care for.
struct SyscallTable: Equatable, Sendable {
    /// AUDIT_ARCH_* (linux/audit.h).
    var architecture: UInt32
    var bind: UInt32
    var listen: UInt32
    var seccomp: UInt32
    var readMemory: UInt32

    static let x86 = SyscallTable(
        architecture: 0xC000_003E, bind: 49, listen: 50, seccomp: 317, readMemory: 310)
    static let i386 = SyscallTable(
        architecture: 0x4000_0003, bind: 361, listen: 363, seccomp: 354, readMemory: 347)
    static let aarch64 = SyscallTable(
        architecture: 0xC000_00B7, bind: 200, listen: 201, seccomp: 277, readMemory: 270)
    static let arm = SyscallTable(
        architecture: 0x4000_0028, bind: 282, listen: 284, seccomp: 383, readMemory: 376)
    static let all = [x86, i386, aarch64, arm]

    #if arch(x86_64)
        static let native = x86
    #else
        static let native = aarch64
    #endif

    /// Falls through to what follows for another architecture.
    fileprivate var trappingBindAndListen: [FilterInstruction] {
        [
            SeccompFilter.load(SeccompFilter.architectureOffset),
            FilterInstruction(SeccompFilter.jumpIfEqual, architecture, whenFalse: 7),
            SeccompFilter.load(SeccompFilter.numberOffset),
            FilterInstruction(SeccompFilter.jumpIfEqual, listen, whenTrue: 3),
            FilterInstruction(SeccompFilter.jumpIfEqual, bind, whenFalse: 3),
            SeccompFilter.load(SeccompFilter.argumentOffset(2)),
            FilterInstruction(SeccompFilter.jumpIfAtLeast, 16, whenFalse: 1),
            SeccompFilter.answer(SeccompFilter.notify),
            SeccompFilter.answer(SeccompFilter.allow),
        ]
    }
}
