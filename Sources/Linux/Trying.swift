internal import CLinux
internal import Glibc

/// What the kernel, and whatever confines this process, let it do: tried, and not looked up.
public enum Trying {
    /// clone3(2); nil: it can be called.
    public static func cloneThree() -> SystemError? {
        let code = clinux_clone3_refusal()
        return code == 0 ? nil : SystemError("call clone3", code: code)
    }

    /// pidfd_open(2) and pidfd_getfd(2), from this process itself; nil: they can be called.
    public static func borrowing() -> SystemError? {
        do throws(SystemError) {
            let sample = SharedDescriptor(try File.open("/dev/null"))
            let own = SharedDescriptor(try Processes.open(ThisProcess.identifier))
            // Numbers alone keep nothing open.
            return try withExtendedLifetime((sample, own)) { () throws(SystemError) in
                _ = try Processes.borrow(sample.number, through: own.number)
                return nil
            }
        } catch {
            return error
        }
    }

    /// Whether somebody keeps the clock right (adjtimex(2)); nil: that is not for us to know.
    public static func synchronisedClock() -> Bool? {
        let result = clinux_clock_is_synchronised()
        return result < 0 ? nil : result == 1
    }

    /// Whether there is IPv6 here, and not switched off.
    public static func internetSix() -> Bool {
        access("/proc/net/if_inet6", F_OK) == 0
            && KernelSettings.number("net/ipv6/conf/all/disable_ipv6") != 1
    }
}
