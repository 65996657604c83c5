"""A name server, over UDP and TCP.

dns.py cluster UPSTREAM NAME=ADDRESS[,ADDRESS]…: the cluster's own. Knows these names below cluster.local, passes all others on to
UPSTREAM. Lines on stdin change how it behaves, each is answered on fd 3: "slow LOW_MS HIGH_MS EVERY", "rcode CODE EVERY"
(that code instead of the answer), "well", "names NAME=ADDRESS…" (the names below cluster.local, instead of those before).
dns.py upstream ADDRESS: the one behind it, which knows a few outside names. Says "ready" and ends when stdin is closed.
Nothing is spent while nobody asks.
"""
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

A, NS, SOA, AAAA, SRV, OPT = 1, 2, 6, 28, 33, 41
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
ZONE = "cluster.local"
# Less than those who ask wait, so that they hear of it.
FORWARD_S = 1.5
OUTSIDE = {"example.com": "192.0.2.80", "www.example.com": "192.0.2.80", "registry.example.org": "198.51.100.7"}
ROOTS = ["a.root-servers.net", "b.root-servers.net", "c.root-servers.net"]

role, first, *names = sys.argv[1:]
epoll = select.epoll()
connections = {}  # fd -> [socket, bytes so far]
timers = []  # (due, order, what to do)
waiting = {}  # our id -> (their packet, how to reply), of what was passed on
slow, rcode = None, None  # (low, high, every), (code, every)
count = order = 0


def learn(known):
    global records, parents
    records = known
    parents = {name.split(".", n)[n] for name in records for n in range(1, name.count(".") + 1)}


def after(seconds, work):
    global order
    order += 1
    heapq.heappush(timers, (time.monotonic() + seconds, order, work))


def encode(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def parse(packet):
    """(name, type, end of the question)"""
    parts, at = [], 12
    while packet[at]:
        parts.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace").lower())
        at += packet[at] + 1
    return ".".join(parts), struct.unpack_from(">H", packet, at + 1)[0], at + 5


def response(packet, end, code, answers=(), authority=()):
    flags = 0x8480 | (struct.unpack_from(">H", packet, 2)[0] & 0x0100) | code
    counts = struct.pack(">HHHHHH", struct.unpack_from(">H", packet)[0], flags, 1, len(answers), len(authority), 0)
    ttl = struct.pack(">I", 30)
    lines = b"".join(
        owner + struct.pack(">HH", type_, 1) + ttl + struct.pack(">H", len(data)) + data
        for owner, type_, data in (*answers, *authority)
    )
    return counts + packet[12:end] + lines


def answer(packet):
    """The answer that this server knows itself; None = it has to ask."""
    name, type_, end = parse(packet)
    mine = b"\xc0\x0c"
    if role == "cluster" and not (name == ZONE or name.endswith("." + ZONE)):
        return None
    if name in records:
        addresses = [one for one in records[name].split(",") if type_ == (AAAA if ":" in one else A)]
        return response(packet, end, NOERROR, [(mine, type_, packed(one)) for one in addresses])
    if type_ == NS and name == "":
        return response(packet, end, NOERROR, [(mine, NS, encode(root)) for root in ROOTS])
    parts = name.split(".")
    if role == "cluster" and parts[2:] == ["pod", *ZONE.split(".")] and parts[0].count("-") == 3:
        return response(packet, end, NOERROR, [(mine, A, socket.inet_aton(parts[0].replace("-", ".")))] if type_ == A else [])
    zone = ZONE if role == "cluster" else ""
    numbers = struct.pack(">IIIII", 1, 7200, 1800, 86400, 30)
    soa = encode("ns.dns." + zone) + encode("hostmaster." + zone) + numbers
    known = name in parents or name in ("", ZONE)
    return response(packet, end, NOERROR if known else NXDOMAIN, authority=[(encode(zone), SOA, soa)])


def take(packet, reply):
    global count
    try:
        _, _, end = parse(packet)
    except (IndexError, struct.error):
        return
    if packet[2] & 0x80:
        return
    count += 1
    if rcode and count % rcode[1] == 0:
        return reply(response(packet, end, rcode[0]))
    if slow and count % slow[2] == 0:
        return after(random.uniform(slow[0], slow[1]) / 1000, lambda: settle(packet, reply))
    settle(packet, reply)


def settle(packet, reply):
    known = answer(packet)
    if known is not None:
        return reply(known)
    key = random.randrange(65536)
    while key in waiting:
        key = random.randrange(65536)
    waiting[key] = (packet, reply)
    after(FORWARD_S, lambda: forget(key))
    try:
        forwarder.send(struct.pack(">H", key) + packet[2:])
    except OSError:
        forget(key)


def forget(key):
    packet, reply = waiting.pop(key, (None, None))
    if packet:
        reply(response(packet, parse(packet)[2], SERVFAIL))


def reply_udp(peer):
    return lambda data: datagrams.sendto(data, peer)


def reply_tcp(fd, s):
    def reply(data):
        if fd in connections and connections[fd][0] is s:
            s.send(struct.pack(">H", len(data)) + data)

    return reply


def drop(fd):
    epoll.unregister(fd)
    connections.pop(fd)[0].close()


def read_stream(fd):
    s, pending = connections[fd]
    data = s.recv(65536)
    if not data:
        return drop(fd)
    pending += data
    while len(pending) >= 2 and len(pending) >= 2 + struct.unpack_from(">H", pending)[0]:
        size = struct.unpack_from(">H", pending)[0]
        take(pending[2 : 2 + size], reply_tcp(fd, s))
        pending = pending[2 + size :]
    connections[fd][1] = pending


def control(line):
    global slow, rcode
    word, *rest = line.split()
    if word == "slow":
        slow = (float(rest[0]), float(rest[1]), int(rest[2]))
    elif word == "rcode":
        rcode = (int(rest[0]), int(rest[1]))
    elif word == "names":
        learn(dict(one.split("=") for one in rest))
    else:
        slow = rcode = None
    os.write(3, b"ok\n")


learn(dict(one.split("=") for one in names) if role == "cluster" else dict(OUTSIDE))
family = socket.AF_INET6 if ":" in first else socket.AF_INET
address = ("::" if ":" in first else "0.0.0.0") if role == "cluster" else first
datagrams = socket.socket(family, socket.SOCK_DGRAM)
datagrams.bind((address, 53))
listener = socket.socket(family, socket.SOCK_STREAM)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((address, 53))
listener.listen(256)
forwarder = socket.socket(family, socket.SOCK_DGRAM)
if role == "cluster":
    forwarder.connect((first, 53))
for one in (datagrams, listener, forwarder):
    one.setblocking(False)
    epoll.register(one, select.EPOLLIN)
epoll.register(0, select.EPOLLIN)
os.write(3, b"ok\n") if role == "cluster" else os.write(1, b"ready\n")
typed = b""
while True:
    for fd, _ in epoll.poll(max(0, timers[0][0] - time.monotonic()) if timers else -1):
        try:
            if fd == 0:
                data = os.read(0, 4096)
                if not data and role == "upstream":
                    sys.exit(0)
                if not data:
                    epoll.unregister(0)
                typed += data
                while b"\n" in typed:
                    line, typed = typed.split(b"\n", 1)
                    control(line.decode())
            elif fd == datagrams.fileno():
                packet, peer = datagrams.recvfrom(65536)
                take(packet, reply_udp(peer))
            elif fd == forwarder.fileno():
                packet = forwarder.recv(65536)
                theirs, reply = waiting.pop(struct.unpack_from(">H", packet)[0], (None, None))
                if theirs:
                    reply(theirs[:2] + packet[2:])
            elif fd == listener.fileno():
                s, _ = listener.accept()
                s.setblocking(False)
                connections[s.fileno()] = [s, b""]
                epoll.register(s, select.EPOLLIN)
            elif fd in connections:
                read_stream(fd)
        except BlockingIOError:
            pass
        except (OSError, struct.error):
            if fd in connections:
                drop(fd)
    while timers and timers[0][0] <= time.monotonic():
        heapq.heappop(timers)[2]()
