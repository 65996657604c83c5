"""OpenStack Swift with its S3 API on one loopback port: a real object store in one process, for tests.

object-store.py FOLDER: keeps everything below FOLDER, prints {"port": N} when it serves, and ends when standard input ends.
Debian's python3-swift has all of it. Access key test:tester, secret key testing.
"""
import json
import os
import sys
from array import array

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi  # noqa: E402

folder = os.path.abspath(sys.argv[1])
os.makedirs(os.path.join(folder, "devices", "sda"), exist_ok=True)
with open(os.path.join(folder, "swift.conf"), "w") as conf:
    conf.write("[swift-hash]\nswift_hash_path_prefix = netcheck\nswift_hash_path_suffix = netcheck\n")

from swift.common import utils  # noqa: E402

utils.SWIFT_CONF_FILE = os.path.join(folder, "swift.conf")
utils.HASH_PATH_PREFIX = utils.HASH_PATH_SUFFIX = b"netcheck"

from swift.common.ring import RingData  # noqa: E402
from swift.common.wsgi import loadapp  # noqa: E402

SERVERS = ("account", "container", "object")
listeners = {name: eventlet.listen(("127.0.0.1", 0)) for name in (*SERVERS, "proxy")}



class Memory:
    """What Swift asks of memcached."""

    def __init__(self):
        self.values = {}

    def get(self, key, **_):
        return self.values.get(key)

    def set(self, key, value, **_):
        self.values[key] = value

    def delete(self, key, **_):
        self.values.pop(key, None)

    def incr(self, key, delta=1, **_):
        self.values[key] = int(self.values.get(key, 0)) + delta
        return self.values[key]


memory = Memory()


def remembering(app):
    def serve(env, start):
        env["swift.cache"] = memory
        return app(env, start)

    return serve


for name in SERVERS:
    port = listeners[name].getsockname()[1]
    device = {"id": 0, "zone": 0, "region": 1, "weight": 1, "device": "sda", "ip": "127.0.0.1", "port": port}
    RingData([array("H", [0, 0])], [device], 31).save(os.path.join(folder, name + ".ring.gz"))

PROXY = """
[DEFAULT]
swift_dir = {folder}
log_level = CRITICAL
[pipeline:main]
pipeline = catch_errors gatekeeper s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
check_bucket_owner = false
allow_multipart_uploads = false
max_bucket_listing = 10
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
"""
SERVER = """
[DEFAULT]
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
fallocate_reserve = 0
log_level = CRITICAL
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{name}
"""

for name in (*SERVERS, "proxy"):
    path = os.path.join(folder, name + ".conf")
    with open(path, "w") as conf:
        conf.write((PROXY if name == "proxy" else SERVER).format(folder=folder, name=name))
    app = loadapp(path, global_conf={"log_name": name})
    eventlet.spawn(wsgi.server, listeners[name], remembering(app), open(os.devnull, "w"))

print(json.dumps({"port": listeners["proxy"].getsockname()[1]}), flush=True)
eventlet.tpool.execute(sys.stdin.read)
