"""Holds packets of a netfilter queue and then lets them go on, in the fabric only. Raw nfnetlink_queue, no library.

Arguments: QUEUE MARK [fifo:]const:MS | [fifo:]uni:LOW:HIGH | gate. A gate is shut by a line "shut" on stdin and opened by "open". Packets were chosen by setting MARK's bit; it is cleared
and the packet goes through the same hook again (NF_REPEAT), so that several delays on one path add up.
Ends when stdin is closed: everything it holds is released at once. Says "ready" on stdout.
"""
import heapq
import os
import random
import select
import socket
import struct
import sys
import time

queue, mark = int(sys.argv[1]), int(sys.argv[2], 0)
fifo = sys.argv[3].startswith("fifo:")
kind, *numbers = sys.argv[3].removeprefix("fifo:").split(":")
numbers = [float(n) for n in numbers]
shut = False
draw = {"const": lambda: numbers[0], "uni": lambda: random.uniform(*numbers), "gate": lambda: float("inf") if shut else 0}[kind]

BIND, PF_BIND, COPY_META, QUEUE_LENGTH = 1, 3, 1, 20_000
MSG_PACKET, MSG_VERDICT, MSG_CONFIG = 0x300, 1, 2
NF_REPEAT = 4

s = socket.socket(16, socket.SOCK_RAW, 12)  # AF_NETLINK, NETLINK_NETFILTER
s.bind((0, 0))
s.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
s.setsockopt(270, 5, 1)  # NETLINK_NO_ENOBUFS


def attribute(type_, body):
    return struct.pack("=HH", 4 + len(body), type_) + body + b"\0" * (-len(body) % 4)


def send(type_, body, flags=1):
    body = struct.pack(">BBH", 0, 0, queue) + body
    s.send(struct.pack("=IHHII", 16 + len(body), MSG_PACKET | type_, flags, 0, 0) + body)


send(MSG_CONFIG, attribute(1, struct.pack(">BBH", BIND, 0, 0)), 5)
error = struct.unpack_from("=i", s.recv(65536), 16)[0]
if error:
    sys.exit("cannot bind queue %d: %s" % (queue, os.strerror(-error)))
send(MSG_CONFIG, attribute(2, struct.pack(">IB", 0, COPY_META)))
send(MSG_CONFIG, attribute(3, struct.pack(">I", QUEUE_LENGTH)))
send(MSG_CONFIG, attribute(4, struct.pack(">I", 5)) + attribute(5, struct.pack(">I", 5)))  # FAIL_OPEN | GSO
s.setblocking(False)
held = []  # (due, order, packet id, mark without our bit)
last = order = 0


def release(until):
    while held and held[0][0] <= until:
        _, _, packet, rest = heapq.heappop(held)
        send(MSG_VERDICT, attribute(2, struct.pack(">II", NF_REPEAT, packet)) + attribute(3, struct.pack(">I", rest)))


def read_packet(message, position, end):
    packet = seen = 0
    while position + 4 <= end:
        length, type_ = struct.unpack_from("=HH", message, position)
        if type_ & 0x3FFF == 1:
            packet = struct.unpack_from(">I", message, position + 4)[0]
        elif type_ & 0x3FFF == 3:
            seen = struct.unpack_from(">I", message, position + 4)[0]
        position += (length + 3) & ~3
    return packet, seen


epoll = select.epoll()
epoll.register(s, select.EPOLLIN)
epoll.register(0, select.EPOLLIN)
print("ready", flush=True)
while True:
    events = epoll.poll(max(0, held[0][0] - time.monotonic()) if held and held[0][0] < float("inf") else -1)
    if any(fd == 0 for fd, _ in events):
        words = os.read(0, 4096)
        shut = words.endswith(b"shut\n")
        if not shut:
            release(float("inf"))
        if not words:
            sys.exit(0)
    while True:
        try:
            message = s.recv(1 << 18)
        except BlockingIOError:
            break
        now, offset = time.monotonic(), 0
        while offset + 16 <= len(message):
            length, type_ = struct.unpack_from("=IH", message, offset)
            if type_ == MSG_PACKET:
                packet, seen = read_packet(message, offset + 20, offset + length)
                due = now + draw() / 1e3
                if fifo:
                    last = due = max(due, last)
                order += 1
                heapq.heappush(held, (due, order, packet, seen & ~mark))
            offset += (length + 3) & ~3
    release(time.monotonic())
