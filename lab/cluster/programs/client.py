"""An ordinary client: KIND (tcp, http, udp or bulk) ADDRESS PORT PER_SECOND. Ends when its stdin is closed."""
import select
import socket
import sys
import time

kind, address, port, per_second = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
request = b"GET / HTTP/1.1\r\nHost: " + address.encode() + b"\r\nConnection: close\r\n\r\n" if kind == "http" else b"hello\n"


def once():
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    s.settimeout(2)
    try:
        s.connect((address, port))
        s.sendall(request)
        s.recv(65536)
    except OSError:
        pass
    finally:
        s.close()


held = None
# After so long without an acknowledgement it gives its connection up, as clients that know a time limit do.
GIVE_UP_MS = 6_000


def more():
    """Sends a piece on the one connection that is kept, and takes what has come back; begins anew when it is gone."""
    global held
    try:
        if held is None:
            held = socket.create_connection((address, port), 2)
            held.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GIVE_UP_MS)
            held.setblocking(False)
        held.send(b"x" * 8192)
    except BlockingIOError:
        pass
    except OSError:
        held = held and held.close()
        return
    try:
        if held.recv(1 << 20) == b"":
            held = held.close()
    except BlockingIOError:
        pass
    except OSError:
        held = held.close()


following = time.monotonic()
while True:
    following = max(following + 1 / per_second, time.monotonic() - 1)
    if select.select([0], [], [], max(0, following - time.monotonic()))[0]:
        break
    more() if kind == "bulk" else once()
