internal import Linux
internal import Supervision

/// One waiting system call, with what is known of it.
struct PendingCall {
    let trap: Trap
    let notification: SeccompListener.Notification
    let borrowed: Borrowed

    var number: Int32 { Int32(truncatingIfNeeded: notification.arguments[0]) }
}

// MARK: - Receiving

extension Ports {
    /// The child has installed its filter and sent the other end of it.
    func receiveListener(_ trap: Trap) {
        guard let channel = trap.channel else { return }
        do throws(SystemError) {
            switch try channel.descriptor.receiveMessage(atMost: 64) {
            case .wouldBlock: return
            case .message(let message):
                guard let listener = message.descriptors.first else { return closeChannel(trap) }
                closeChannel(trap)
                open(trap, listener)
            // The program was not started, or the descriptor came with a previous message.
            case .ended: closeChannel(trap)
            }
        } catch {
            tell("\(error) (the filter of instance \(trap.instance.number))")
            closeChannel(trap)
        }
    }

    func open(_ trap: Trap, _ listener: SharedDescriptor) {
        trap.listener = listener
        safe.deposit(Trap.listenerKey(trap.instance), listener)
        do throws(SystemError) {
            let interest: Poller.Interest = trap.isOpen ? [.readable, .oneShot] : [.oneShot]
            trap.watch = try watches.watch(listener.number, for: interest) { [unowned self] what in
                stirred(trap, what)
            }
        } catch {
            tell("\(error) (the filter of instance \(trap.instance.number))")
        }
    }

    private func closeChannel(_ trap: Trap) {
        if let watch = trap.watch { watches.remove(watch) }
        trap.watch = nil
        if trap.channel != nil { safe.withdraw(Trap.channelKey(trap.instance)) }
        trap.channel = nil
    }

    func rearm(_ trap: Trap) {
        guard trap.isOpen, !trap.isBusy, trap.listener != nil, let watch = trap.watch else { return }
        watches.change(watch, for: [.readable, .oneShot])
    }

    private func stirred(_ trap: Trap, _ what: Poller.Interest) {
        guard let seccomp = trap.seccomp, trap.isOpen, !trap.isBusy else { return }
        do throws(SystemError) {
            if what.contains(.readable), let call = try inFlight.receive(seccomp, slot: trap.slot) {
                Fault.point()
                return take(call, trap)
            }
        } catch {
            tell("\(error) (instance \(trap.instance.number))")
        }
        inFlight.clear(trap.slot)
        // Hung up: the last process with this filter is gone, and nobody will ever ask again.
        what.contains(.hungUp) ? closeListener(trap) : rearm(trap)
    }

    private func closeListener(_ trap: Trap) {
        if let watch = trap.watch { watches.remove(watch) }
        trap.watch = nil
        safe.withdraw(Trap.listenerKey(trap.instance))
        trap.listener = nil
    }

    /// Fetches what the call is about, which only an ancestor of the process may (Yama).
    func take(_ call: SeccompListener.Notification, _ trap: Trap) {
        trap.isBusy = true
        let number = Int32(truncatingIfNeeded: call.arguments[0])
        let isBind = call.call == .bind
        let order = BorrowOrder(
            thread: call.thread, descriptor: number, address: isBind ? call.arguments[1] : 0,
            count: isBind ? Int(min(call.arguments[2], 128)) : 0)
        safe.borrow(order) { [weak self] borrowed in
            guard let self, trap.isOpen, let seccomp = trap.seccomp else { return }
            let pending = PendingCall(trap: trap, notification: call, borrowed: borrowed)
            guard seccomp.isValid(call.id) else { return finish(pending) }
            // It waits, and cannot be seen: there is no descriptor left to look at it with.
            guard borrowed.process != nil else {
                complain("thread \(call.thread) cannot be looked at: a listener is not held")
                return proceed(pending)
            }
            switch call.call {
            case .bind: bind(pending)
            case .listen: listen(pending)
            case .other: proceed(pending)
            }
        }
    }
}

// MARK: - Answering

extension Ports {
    /// As if the kernel had done it.
    func succeed(_ call: PendingCall) {
        answer(call) { (seccomp, id) throws(SystemError) in try seccomp.respond(id) }
    }

    func refuse(_ call: PendingCall, _ code: Int32) {
        answer(call) { (seccomp, id) throws(SystemError) in try seccomp.respond(id, error: code) }
    }

    /// Let the kernel do it: this is none of ours.
    func proceed(_ call: PendingCall) {
        answer(call) { (seccomp, id) throws(SystemError) in try seccomp.proceed(id) }
    }

    private func answer(
        _ call: PendingCall, _ act: (SeccompListener, UInt64) throws(SystemError) -> Bool
    ) {
        if let seccomp = call.trap.seccomp {
            do throws(SystemError) {
                Fault.point()
                // False: its thread is gone, and so is the question.
                _ = try act(seccomp, call.notification.id)
                Fault.point()
            } catch {
                tell("\(error) (instance \(call.trap.instance.number))")
            }
        }
        finish(call)
    }

    private func finish(_ call: PendingCall) {
        guard call.trap.isOpen else { return }
        inFlight.clear(call.trap.slot)
        call.trap.isBusy = false
        rearm(call.trap)
    }
}
