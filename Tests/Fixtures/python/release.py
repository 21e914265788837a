"""A release of a service, good or bad as RELEASE says, in the slot that BAD_SLOT names (all of them without it).

Where /healthz is ill for a while is told by files beside it: sick-<slot>; it never answers where there is a
hung-<pid>, while all else is served.
"""
import http.server, os, socket, sys, threading, time

here = os.path.dirname(os.path.abspath(__file__))
slot = os.environ["NODE_APP_INSTANCE"]
release = os.environ.get("RELEASE", "good") if os.environ.get("BAD_SLOT", slot) == slot else "good"
started = time.monotonic()


def say(text):
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.sendto(text.encode(), "\0" + os.environ["NOTIFY_SOCKET"][1:])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self):
        status = 200
        if self.path == "/healthz":
            if release == "ill" or os.path.exists(f"{here}/sick-{slot}"):
                status = 500
            if release == "late" and time.monotonic() - started < 2:
                status = 503
            if release == "hung" or os.path.exists(f"{here}/hung-{os.getpid()}"):
                time.sleep(600)
        body = f"{os.getpid()}\n".encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if release == "throws":
    time.sleep(0.15)
    raise RuntimeError("no database")
if release == "mute":
    time.sleep(600)
server = http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
if release != "silent":
    say("STATUS=serving\nREADY=1")
if release == "dies":
    time.sleep(float(os.environ["DIES_AFTER"]))
    os._exit(7)
while True:
    if not os.path.exists(f"{here}/lame-{slot}") and "WATCHDOG_USEC" in os.environ:
        say("WATCHDOG=1")
    time.sleep(0.2)
