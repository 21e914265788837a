internal import Linux
internal import Supervision
internal import Wire

/// A few lines of JavaScript that a Node program runs before its own code, so that it can finish its connections
/// when it is replaced: only it knows which of them are idle, and can say `Connection: close`.
enum Preload {
    /// For programs of other users, who may not look into the home. Only root starts such programs.
    static let publicDirectory = "/run/swpm"
    private static let name = "preload.cjs"

    /// Where a program of this user finds it, written there if it is not; nil: it cannot be put there.
    static func place(home: String, for user: UInt32?, elsewhere: String = publicDirectory) -> String? {
        let isOurs = user == nil || user == ThisProcess.user
        return isOurs ? place(at: "\(home)/\(name)") : place(in: elsewhere)
    }

    /// Several swpm of different versions can share the public directory.
    private static func place(in directory: String) -> String? {
        // The program is then drained as any other is.
        guard (try? prepare(directory)) != nil else { return nil }
        return place(at: "\(directory)/preload-\(version).cjs")
    }

    private static func place(at path: String) -> String? {
        do throws(SystemError) {
            if try !stands(path) {
                try File.replace(path, with: Array(source.utf8))
                // Whatever our umask is.
                try File.setMode(path, 0o644)
            }
            return path
        } catch {
            // The program is then drained as any other is.
            return nil
        }
    }

    /// A directory in which nobody else can put a file of that name.
    private static func prepare(_ directory: String) throws(SystemError) {
        if try File.status(directory, followingLinks: false) == nil {
            try Directory.create(directory, mode: 0o755)
            try File.setMode(directory, 0o755)
        }
        guard let status = try File.status(directory, followingLinks: false), status.kind == .directory,
            status.owner == ThisProcess.user, status.mode & 0o022 == 0
        else {
            throw SystemError("use \(directory)", code: SystemError.invalid)
        }
    }

    private static func stands(_ path: String) throws(SystemError) -> Bool {
        // What somebody else can change, or have mean another file, is not what was read here.
        guard let status = try File.status(path, followingLinks: false), status.kind == .file,
            status.owner == ThisProcess.user, status.mode & 0o022 == 0, status.mode & 0o444 == 0o444
        else { return false }
        return try File.read(path, atMost: source.utf8.count + 1).elementsEqual(source.utf8)
    }

    private static let version: String = {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in source.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return String(hash, radix: 36)
    }()

    static let source = #"""
        'use strict';
        // swpm has a Node program load this before its own code. It does nothing until the daemon asks the program to
        // finish its connections: then it answers what still arrives with "Connection: close", closes idle
        // connections after a grace, ends HTTP/2 sessions politely, and says when none is left. Upgraded connections
        // (WebSockets) belong to the program. Switch it off with "node_preload": false.

        const { isMainThread } = require('worker_threads');

        const wrapped = process.env.SWPM_CHANNEL;
        if (isMainThread && wrapped !== undefined) {
          // One that has a channel to its parent is not the one that is meant.
          if (!process.connected) awaitUse();
        } else if (isMainThread) {
          restoreOptions();
          if (process.connected && typeof process.send === 'function') attach();
        }

        // Below a wrapper (npm, a shell) nobody knows which of the Node programs is meant: it is the first that listens, or
        // that waits for messages. Until then its children look for the channel as it does.
        function awaitUse() {
          const { Server } = require('net');
          const original = Server.prototype.listen;
          const watched = function listen(...words) {
            use();
            return original.apply(this, words);
          };
          const asked = (name) => {
            if (name !== 'message' || !use()) return;
            // As it would be had the channel been there before: who waits for messages does not end.
            if (process.channel && typeof process.channel.refCounted === 'function') process.channel.refCounted();
          };
          let isUsed = false;
          const use = () => {
            if (isUsed) return false;
            isUsed = true;
            if (Server.prototype.listen === watched) Server.prototype.listen = original;
            process.removeListener('newListener', asked);
            delete process.env.SWPM_CHANNEL;
            restoreOptions();
            return take();
          };
          Server.prototype.listen = watched;
          process.on('newListener', asked);
        }

        // False: somebody else has it, or it was not handed down.
        function take() {
          const fs = require('fs');
          const [channel, inode] = wrapped.split(':').map(Number);
          const { _forkChild } = require('child_process');
          try {
            if (fs.fstatSync(channel).ino !== inode || typeof _forkChild !== 'function') return false;
            if (fs.readSync(channel + 1, Buffer.alloc(1), 0, 1, null) !== 1) return false;
          } catch {
            return false;
          }
          _forkChild(channel, 'json');
          attach();
          const { send } = process;
          process.on('exit', () => {
            send.call(process, { cmd: 'NODE_SWPM', act: 'gone' }, undefined, { swallowErrors: true }, () => {});
            try {
              fs.writeSync(channel + 1, 'x', fs.fstatSync(channel + 1).size);
            } catch {
              // The program has closed what it did not know: then nobody takes it again.
            }
          });
          return true;
        }

        // What the program starts is not to load this, and the program is to see the options it was given.
        function restoreOptions() {
          const options = process.env.NODE_OPTIONS || '';
          const own = options.match(/ ?--require "(?:[^"\\]|\\.)*preload(?:-\w+)?\.cjs"$/);
          if (!own) return;
          if (own.index > 0) process.env.NODE_OPTIONS = options.slice(0, own.index);
          else delete process.env.NODE_OPTIONS;
        }

        function attach() {
          const { send } = process;
          const say = (act, more) => {
            const message = Object.assign({ cmd: 'NODE_SWPM', act }, more);
            if (!process.connected) return;
            send.call(process, message, undefined, { swallowErrors: true }, () => {});
          };

          // Which of the two signals that mean "end" the program handles, said whenever that changes.
          const handled = () => ['SIGTERM', 'SIGINT'].filter((signal) => process.listenerCount(signal) > 0);
          let said = '';
          const report = () => {
            if (handled().join() === said) return;
            said = handled().join();
            say('present', { signals: handled() });
          };
          const changed = (name) => {
            if (name === 'SIGTERM' || name === 'SIGINT') process.nextTick(report);
          };
          process.on('newListener', changed);
          process.on('removeListener', changed);

          let order;
          process.on('internalMessage', (message) => {
            if (message.cmd !== 'NODE_SWPM') return;
            if (message.act === 'hello') say('present', { signals: handled() });
            if (message.act !== 'drain') return;
            if (message.deaf) for (const server of survey().servers) stopListening(server);
            if (order) {
              order.deaf ||= message.deaf;
              return;
            }
            order = message;
            drain(order, () => say('drained'));
          });
          say('present', { signals: [] });
        }

        function drain(order, done) {
          const { idle } = order;
          const since = Date.now();
          const channel = require('diagnostics_channel').channel('http.server.request.start');
          channel.subscribe(({ response }) => { response.shouldKeepAlive = false; });
          for (const socket of handles()) {
            const response = socket._httpMessage;
            if (socket.server && response && !response.headersSent) response.shouldKeepAlive = false;
          }
          const told = new WeakSet();
          // Servers on a path, whose connections nobody sees from outside.
          const apart = new Set();
          let isDone = false;
          const look = () => {
            const { servers, sessions } = survey();
            for (const server of servers) endSessionsOf(server, told);
            for (const session of sessions) end(session, told);
            if (order.deaf) for (const server of servers) stopListening(server);
            if (idle !== undefined) {
              for (const server of servers) if (typeof server.address() === 'string') apart.add(server);
              for (const server of apart) {
                stopListening(server);
                if (Date.now() - since >= idle) closeIdle(server);
              }
            }
            const awaited = idle === undefined ? servers : apart;
            // Said once; but a server that is made only now has to be told as well.
            if (isDone || sessions.size || [...awaited].some((server) => connections(server).length > 0)) return;
            isDone = true;
            done();
          };
          setInterval(look, 25).unref();
          look();
        }

        function handles() {
          return process._getActiveHandles();
        }

        // Every server, also one that listens no more and still has connections, and every HTTP/2 session.
        function survey() {
          const servers = new Set();
          const sessions = new Set();
          for (const handle of handles()) {
            if (typeof handle.getConnections === 'function') servers.add(handle);
            if (!handle.server) continue;
            servers.add(handle.server);
            for (const value of owned(handle)) if (isSession(value)) sessions.add(value);
          }
          // Only newer versions of Node have their servers know the sessions, and only that finds those over TLS.
          for (const value of [...servers].flatMap(owned)) {
            // Not an instance of Set: it is of a class of Node's own.
            if (Object.prototype.toString.call(value) !== '[object Set]') continue;
            Set.prototype.forEach.call(value, (item) => { if (isSession(item)) sessions.add(item); });
          }
          return { servers, sessions };
        }

        // Node keeps a socket's session, and a server's connections, under names of its own.
        function owned(object) {
          return Reflect.ownKeys(object)
            .map((key) => Object.getOwnPropertyDescriptor(object, key).value);
        }

        // A session that could not be found ends with the next thing it is asked.
        function endSessionsOf(server, told) {
          if (told.has(server) || server.listenerCount('stream') === 0) return;
          told.add(server);
          server.prependListener('stream', ({ session }) => { if (session) end(session, told); });
        }

        // A session that closes at once may lose its own goodbye (seen in Node 18).
        function end(session, told) {
          if (told.has(session) || session.closed || session.destroyed) return;
          told.add(session);
          session.goaway();
          setTimeout(() => session.close(), 25);
        }

        function isSession(value) {
          return value !== null && typeof value === 'object' && typeof value.goaway === 'function'
            && typeof value.close === 'function';
        }

        // Connections that speak HTTP/1, idle ones too; not those that were upgraded.
        function connections(server) {
          const key = Object.getOwnPropertySymbols(server)
            .find((symbol) => symbol.description === 'http.server.connections');
          const list = key && server[key];
          return list && typeof list.all === 'function' ? list.all() : [];
        }

        function closeIdle(server) {
          if (typeof server.closeIdleConnections === 'function') server.closeIdleConnections();
          // Those that never asked for anything.
          for (const { socket } of connections(server)) {
            if (socket && socket.bytesRead === 0) socket.destroy();
          }
        }

        // Takes no more connections, without cutting those it has; the program may close it once more.
        function stopListening(server) {
          if (!server.listening) return;
          require('net').Server.prototype.close.call(server);
          server.close = function close(done) {
            if (typeof done !== 'function') return this;
            this.getConnections((_, count) => { if (count) this.once('close', done); else done(); });
            return this;
          };
        }

        """#
}
