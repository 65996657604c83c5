"""An ordinary server: answers HTTP, echoes TCP and UDP, on each PORT/PROTOCOL or PORT/http/STATUS of its arguments.

Lines on stdin change its sockets: "open PORT/PROTOCOL ADDRESS", "close PORT", "exit CODE", "behave PORT HOW VALUE".
Each is answered on fd 3. How a port may behave: "delay MS" or "delay MIN-MAX" (before each answer), "status CODE" (of
HTTP answers), "reset MS" (each connection, that long after it was accepted), "unread BYTES" (takes connections with that
receive buffer and never reads), "idle MS" (a connection on which nothing was said that long is reset), "well".
Access log on stdout. Nothing is spent while nobody talks to it.
"""
import errno
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

epoll = select.epoll()
listeners = {}  # port -> (socket, protocol)
by_fd = {}  # fd -> (kind, socket, protocol); kind: listener, datagram, connection
buffers = {}
owner = {}  # connection fd -> port
behaviours = {}  # port -> {how: value}
timers = []  # heap of (when, number, function)
spoken = {}  # connection -> when something was last said on it
out = os.fdopen(1, "w", buffering=1)


def log(text):
    out.write(time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime()) + text + "\n")


def everywhere():
    """Where it listens unless told otherwise: at every address of every family that this network has."""
    with open("/proc/net/if_inet6") as addresses:
        return "::" if any(line.split()[5] != "lo" for line in addresses) else "0.0.0.0"


def open_port(spec, address=None):
    port, protocol, *status = spec.split("/")
    port = int(port)
    address = address or everywhere()
    if status:
        behaviours[port] = {"status": status[0]}
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    if protocol != "udp":
        s.listen(512)
    s.setblocking(False)
    listeners[port] = (s, protocol)
    by_fd[s.fileno()] = ("datagram" if protocol == "udp" else "listener", s, protocol)
    epoll.register(s, select.EPOLLIN)
    log("listening on %s:%d" % (address, port))


def drop(fd):
    entry = by_fd.pop(fd, None)
    buffers.pop(fd, None)
    owner.pop(fd, None)
    if entry:
        epoll.unregister(fd)
        spoken.pop(entry[1], None)
        entry[1].close()


def close_port(port):
    entry = listeners.pop(port, None)
    if entry:
        for fd in [fd for fd, of in owner.items() if of == port]:
            drop(fd)
        drop(entry[0].fileno())
        log("no longer listening on %d" % port)


def later(seconds, work):
    heapq.heappush(timers, (time.monotonic() + seconds, random.random(), work))


def behaviour(port, how):
    return behaviours.get(port, {}).get(how)


def behave(port, how, value=""):
    before = behaviour(port, "unread")
    if how == "well":
        behaviours.pop(port, None)
    else:
        behaviours.setdefault(port, {})[how] = value
    unread = behaviour(port, "unread")
    if port not in listeners:
        raise OSError("nothing listens on %d" % port)
    if unread == before:
        return
    # Connections take their receive buffer from the listener. It stays small for those that are open.
    size = int(unread) if unread else 131072
    listeners[port][0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    for fd in [fd for fd, of in owner.items() if of == port]:
        by_fd[fd][1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
        epoll.modify(fd, 0 if unread else select.EPOLLIN)


def seconds_of(text):
    low, _, high = text.partition("-")
    return random.uniform(float(low), float(high or low)) / 1000


def reset(fd, s):
    # The number may belong to another connection by now.
    if fd in by_fd and by_fd[fd][1] is s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        drop(fd)


def reset_when_idle(fd, s, limit):
    left = limit - (time.monotonic() - spoken.get(s, 0))
    if left <= 0:
        reset(fd, s)
    elif fd in by_fd and by_fd[fd][1] is s:
        later(left, lambda: reset_when_idle(fd, s, limit))


def accepted(fd, s, port):
    spoken[s] = time.monotonic()
    if behaviour(port, "reset") is not None:
        after = seconds_of(behaviour(port, "reset"))
        if after == 0:
            return reset(fd, s)
        later(after, lambda: reset(fd, s))
    if behaviour(port, "idle") is not None:
        limit = seconds_of(behaviour(port, "idle"))
        later(limit, lambda: reset_when_idle(fd, s, limit))
    if behaviour(port, "unread") is not None:
        epoll.modify(fd, 0)


def say(fd, s, data):
    if fd not in by_fd or by_fd[fd][1] is not s:
        return
    spoken[s] = time.monotonic()
    try:
        s.setblocking(True)
        s.settimeout(5)
        s.sendall(data)
        s.setblocking(False)
    except OSError:
        drop(fd)


def say_in_time(fd, s, data):
    delay = behaviour(owner.get(fd), "delay")
    if delay is None:
        say(fd, s, data)
    else:
        later(seconds_of(delay), lambda: say(fd, s, data))


def answer_http(fd, s, peer):
    data = buffers[fd]
    while b"\r\n\r\n" in data:
        head, data = data.split(b"\r\n\r\n", 1)
        line = head.split(b"\r\n", 1)[0].decode("latin1")
        path = line.split(" ")[1] if " " in line else "/"
        size = int(path[7:]) if path.startswith("/bytes/") and path[7:].isdigit() else 0
        body = b"x" * min(size, 10_000_000) if size else ("hello from %s\n" % socket.gethostname()).encode()
        status = int(behaviour(owner.get(fd), "status") or 200)
        phrase = "OK" if status == 200 else "Error" if status >= 500 else "Refused"
        answer = "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % (status, phrase, len(body))
        say_in_time(fd, s, answer.encode() + (b"" if line.startswith("HEAD ") else body))
        log('%s "%s" %d %d' % (peer, line, status, len(body)))
    buffers[fd] = data[-65536:]


def serve(fd):
    kind, s, protocol = by_fd[fd]
    if kind == "listener":
        connection, _ = s.accept()
        connection.setblocking(False)
        by_fd[connection.fileno()] = ("connection", connection, protocol)
        buffers[connection.fileno()] = b""
        owner[connection.fileno()] = s.getsockname()[1]
        epoll.register(connection, select.EPOLLIN)
        accepted(connection.fileno(), connection, owner[connection.fileno()])
    elif kind == "datagram":
        data, peer = s.recvfrom(65536)
        s.sendto(data, peer)
    else:
        data = s.recv(65536)
        spoken[s] = time.monotonic()
        if not data:
            drop(fd)
        elif protocol == "http":
            buffers[fd] += data
            answer_http(fd, s, s.getpeername()[0])
        else:
            say_in_time(fd, s, data)


def tell(text):
    os.write(3, (text + "\n").encode())


def control(line):
    word, *rest = line.split()
    try:
        if word == "open":
            open_port(*rest)
        elif word == "close":
            close_port(int(rest[0]))
        elif word == "behave":
            behave(int(rest[0]), *rest[1:])
        elif word == "exit":
            log("fatal: cannot continue, exiting with code " + rest[0])
            tell("ok")
            os._exit(int(rest[0]))
        tell("ok")
    except OSError as error:
        tell("failed: %s" % error)


for argument in sys.argv[1:]:
    open_port(argument)
pending = b""
epoll.register(0, select.EPOLLIN)
tell("ok")
while True:
    patience = max(0, timers[0][0] - time.monotonic()) if timers else None
    for fd, _ in epoll.poll(patience):
        if fd == 0:
            data = os.read(0, 4096)
            if not data:
                epoll.unregister(0)
            pending += data
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                control(line.decode())
        elif fd in by_fd:
            try:
                serve(fd)
            except BlockingIOError:
                pass
            except OSError as error:
                if by_fd[fd][0] == "connection":
                    drop(fd)
                elif error.errno == errno.EMFILE:
                    # Whoever waits stays in the queue; asking again at once would only use up the CPU.
                    time.sleep(0.05)
    while timers and timers[0][0] <= time.monotonic():
        heapq.heappop(timers)[2]()
