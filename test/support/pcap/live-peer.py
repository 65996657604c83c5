"""One end of a connection for captures of real kernels. Says "ready" once it listens.

serve PORT send BYTES | sink | deaf SECONDS | reset BYTES | hold SECONDS      one connection
dns PORT                                  answers ok.*, fails fail.*, ignores the rest, until stdin is closed
get HOST PORT | upload HOST PORT BYTES | both HOST PORT BYTES | try HOST PORT SECONDS | keep HOST PORT SECONDS | ask HOST NAME…
"""
import socket
import struct
import sys
import time

word, *rest = sys.argv[1:]


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def drain(s):
    try:
        while s.recv(65536):
            pass
    except OSError:
        pass


def serve(port, action, amount="0"):
    l = socket.socket(socket.AF_INET6)
    l.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if action == "deaf":
        l.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 20000)
    l.bind(("::", int(port)))
    l.listen()
    print("ready", flush=True)
    s, _ = l.accept()
    if action == "send":
        s.recv(1000)
        s.sendall(b"x" * int(amount))
    elif action == "sink":
        drain(s)
        s.sendall(b"ok")
    elif action == "deaf":
        time.sleep(float(amount))
        drain(s)
    elif action == "reset":
        s.recv(1000)
        s.sendall(b"x" * int(amount))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif action == "hold":
        s.recv(1000)
        s.sendall(b"ok")
        time.sleep(float(amount))
    s.close()


def dns(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("0.0.0.0", int(port)))
    print("ready", flush=True)
    import select

    while s in select.select([s, sys.stdin], [], [])[0]:
        message, peer = s.recvfrom(1500)
        first = message[13 : 13 + message[12]]
        if first in (b"ok", b"fail"):
            s.sendto(message[:2] + (b"\x81\x80" if first == b"ok" else b"\x81\x82") + message[4:], peer)


def connect(host, port, timeout=50):
    s = socket.socket(family(host))
    s.settimeout(float(timeout))
    s.connect((host, int(port)))
    return s


def ask(host, names):
    for number, name in enumerate(names):
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.settimeout(0.5)
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
        try:
            s.sendto(struct.pack(">HHHHHH", number + 1, 0x100, 1, 0, 0, 0) + labels + b"\0\0\1\0\1", (host, 53))
            s.recv(1500)
        except OSError:
            pass


if word == "serve":
    serve(*rest)
elif word == "dns":
    dns(*rest)
elif word == "ask":
    ask(rest[0], rest[1:])
elif word == "try":
    try:
        connect(*rest).close()
    except OSError:
        pass
else:
    s = connect(*rest[:2])
    if word == "keep":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    s.sendall(b"y" * (int(rest[2]) if word == "upload" else 100))
    if word == "both":
        s.recv(1000)
        s.sendall(b"z" * int(rest[2]))
    if word == "upload":
        s.shutdown(socket.SHUT_WR)
    drain(s)
