"""Work that a container does besides serving. Says "ready" on stdout when it is at it and ends when its stdin is closed.

burn                         uses all the CPU that it gets
eat MEGABYTES NAME           as a process called NAME, takes that much memory as soon as a line comes on stdin
hold ADDRESS PORT            opens connections until no local port is left, keeps them, and takes ports that become free
listen PORT BACKLOG          listens and accepts nothing
deaf PORT BYTES              owns a UDP socket with a small buffer and reads nothing
"""
import errno
import os
import resource
import select
import socket
import sys

mode, *arguments = sys.argv[1:]


def stopped(seconds):
    return bool(select.select([0], [], [], seconds)[0]) and not os.read(0, 4096)


def ready():
    print("ready", flush=True)


def burn():
    ready()
    while not stopped(0):
        for _ in range(20_000):
            pass


def eat(megabytes, name):
    with open("/proc/self/comm", "w") as comm:
        comm.write(name)
    ready()
    if os.read(0, 4096):
        bytearray(int(megabytes) << 20)
        os.read(0, 4096)


def hold(address, port):
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    kept = []
    said = False
    while not stopped(0.1 if said else 0):
        s = socket.socket()
        s.settimeout(2)
        try:
            s.connect((address, int(port)))
            kept.append(s)
            continue
        except OSError as error:
            s.close()
            if error.errno != errno.EADDRNOTAVAIL and not said:
                sys.exit("after %d connections: %s" % (len(kept), error))
        if not said:
            said = True
            ready()


def listen(port, backlog):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("0.0.0.0", int(port)))
    s.listen(int(backlog))
    ready()
    while not stopped(None):
        pass


def deaf(port, size):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(size))
    s.bind(("0.0.0.0", int(port)))
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ready()
    while not stopped(0.05):
        for _ in range(20):
            sender.sendto(b"x" * 200, ("127.0.0.1", int(port)))


{"burn": burn, "eat": eat, "hold": hold, "listen": listen, "deaf": deaf}[mode](*arguments)
