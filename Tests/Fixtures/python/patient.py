"""A server that takes its time; no signal is handled unless STOP_TAKES says for how many seconds.

/             the pid
/slow?3       the pid, after 3 seconds
/pause?3      a chunked answer: a piece, 3 seconds of silence, the rest
/events?5     five server-sent events, one every half second, then the end; without a number it never ends
/socket       a WebSocket that repeats what it is told
"""
import base64
import hashlib
import os
import signal
import socket
import sys
import threading
import time

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def receive(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            return None
        data += more
    return data


def repeat_frames(connection):
    """Frames of a client (RFC 6455, section 5.2), all short."""
    while True:
        head = receive(connection, 2)
        if head is None:
            return
        body = receive(connection, 4 + (head[1] & 127))
        if body is None:
            return
        text = bytes(byte ^ body[index % 4] for index, byte in enumerate(body[4:]))
        connection.sendall(bytes([head[0], len(text)]) + text)


def answer(connection, path, headers):
    path, _, number = path.partition("?")
    body = b"%d\n" % os.getpid()
    if path == "/socket":
        key = next(line.split()[1] for line in headers if line.lower().startswith("sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1(key.encode() + MAGIC).digest())
        connection.sendall(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: %s\r\n\r\n" % accept)
        repeat_frames(connection)
        return False
    if path in ("/pause", "/events"):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        if path == "/pause":
            connection.sendall(chunk(b"first,"))
            time.sleep(float(number))
            connection.sendall(chunk(b"last"))
        else:
            events = 0
            while not number or events < int(number):
                connection.sendall(chunk(b"data: %d\n\n" % events))
                events += 1
                time.sleep(0.5)
        connection.sendall(chunk(b""))
        return True
    if path == "/slow":
        time.sleep(float(number))
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    return True


def serve(connection):
    data = b""
    try:
        while True:
            while b"\r\n\r\n" not in data:
                more = connection.recv(65536)
                if not more:
                    return
                data += more
            head, _, data = data.partition(b"\r\n\r\n")
            lines = head.decode().split("\r\n")
            if not answer(connection, lines[0].split()[1], lines[1:]):
                return
    except OSError:
        pass
    finally:
        connection.close()


def stop_slowly(*_):
    time.sleep(float(os.environ["STOP_TAKES"]))
    os._exit(0)


if "STOP_TAKES" in os.environ:
    signal.signal(signal.SIGTERM, stop_slowly)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(sys.argv[1])))
listener.listen(50)
while True:
    threading.Thread(target=serve, args=[listener.accept()[0]], daemon=True).start()
