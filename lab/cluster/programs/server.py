"""An ordinary server: answers HTTP, echoes TCP and UDP, on each PORT/PROTOCOL of its arguments.

Lines on stdin change its sockets: "open PORT/PROTOCOL ADDRESS", "close PORT", "exit CODE". Each is answered on fd 3.
Access log on stdout. Nothing is spent while nobody talks to it.
"""
import os
import select
import socket
import sys
import time

epoll = select.epoll()
listeners = {}  # port -> (socket, protocol)
by_fd = {}  # fd -> (kind, socket, protocol); kind: listener, datagram, connection
buffers = {}
owner = {}  # connection fd -> port
out = os.fdopen(1, "w", buffering=1)


def log(text):
    out.write(time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime()) + text + "\n")


def open_port(spec, address="0.0.0.0"):
    port, protocol = spec.split("/")
    port = int(port)
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM)
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
        entry[1].close()


def close_port(port):
    entry = listeners.pop(port, None)
    if entry:
        for fd in [fd for fd, of in owner.items() if of == port]:
            drop(fd)
        drop(entry[0].fileno())
        log("no longer listening on %d" % port)


def answer_http(fd, s, peer):
    data = buffers[fd]
    while b"\r\n\r\n" in data:
        head, data = data.split(b"\r\n\r\n", 1)
        line = head.split(b"\r\n", 1)[0].decode("latin1")
        path = line.split(" ")[1] if " " in line else "/"
        size = int(path[7:]) if path.startswith("/bytes/") and path[7:].isdigit() else 0
        body = b"x" * min(size, 10_000_000) if size else ("hello from %s\n" % socket.gethostname()).encode()
        s.setblocking(True)
        s.settimeout(5)
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        s.setblocking(False)
        log('%s "%s" 200 %d' % (peer, line, len(body)))
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
    elif kind == "datagram":
        data, peer = s.recvfrom(65536)
        s.sendto(data, peer)
    else:
        data = s.recv(65536)
        if not data:
            drop(fd)
        elif protocol == "http":
            buffers[fd] += data
            answer_http(fd, s, s.getpeername()[0])
        else:
            s.send(data)


def tell(text):
    os.write(3, (text + "\n").encode())


def control(line):
    word, *rest = line.split()
    try:
        if word == "open":
            open_port(*rest)
        elif word == "close":
            close_port(int(rest[0]))
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
    for fd, _ in epoll.poll():
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
            except OSError:
                if by_fd[fd][0] == "connection":
                    drop(fd)
