"""A mesh's proxy beside a program: MODE (fine, slow or throttled). Takes on port 15006 what was redirected to it and passes
it on to where it was going. Lives as long as its stdin. "ok" on fd 3 when it listens.

A request costs it CPU time when it is throttled (a cgroup does the rest), and sleep when it is slow.
"""
import os
import random
import select
import socket
import struct
import sys
import threading
import time

mode = sys.argv[1]
SO_ORIGINAL_DST = 80


def work():
    if mode == "slow":
        time.sleep(random.uniform(0.4, 1.6))
    if mode == "throttled":
        until = time.thread_time() + 0.02
        while time.thread_time() < until:
            pass


def relay(client):
    raw = client.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16)
    port, address = struct.unpack("!2xH4s8x", raw)
    try:
        server = socket.create_connection((socket.inet_ntoa(address), port), 5)
    except OSError:
        client.close()
        return
    client.settimeout(10)
    server.settimeout(10)
    first, open_ends = True, {client: server, server: client}
    try:
        while open_ends:
            for ready in select.select(list(open_ends), [], [], 60)[0] or [None]:
                if ready is None:
                    return
                data = ready.recv(65536)
                if not data:
                    open_ends.pop(ready).shutdown(socket.SHUT_WR)
                    continue
                if first and ready is client:
                    first = False
                    work()
                open_ends[ready].sendall(data)
    except OSError:
        pass
    finally:
        client.close()
        server.close()


listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("0.0.0.0", 15006))
listener.listen(512)
child = 0
if mode == "throttled":
    child = os.fork()
    if child == 0:
        # Telemetry and the like: uses up what nobody else wants.
        parent = os.getppid()
        os.nice(19)
        while os.getppid() == parent:
            pass
        os._exit(0)
os.write(3, b"ok\n")


def accept():
    while True:
        threading.Thread(target=relay, args=[listener.accept()[0]], daemon=True).start()


threading.Thread(target=accept, daemon=True).start()
while os.read(0, 4096):
    pass
if child:
    os.kill(child, 9)
os._exit(0)
