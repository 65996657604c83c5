"""Mounts one symlink over another: SOURCE TARGET; or takes that back: -u TARGET. mount(8) and umount(8) follow symlinks."""
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
OPEN_TREE, MOVE_MOUNT = 428, 429
AT_FDCWD, AT_SYMLINK_NOFOLLOW, OPEN_TREE_CLONE, O_CLOEXEC = -100, 0x100, 1, 0o2000000
MOVE_MOUNT_F_EMPTY_PATH, UMOUNT_NOFOLLOW = 4, 8


def check(result):
    if result < 0:
        sys.exit(os.strerror(ctypes.get_errno()))
    return result


if sys.argv[1] == "-u":
    check(libc.umount2(sys.argv[2].encode(), UMOUNT_NOFOLLOW))
else:
    source, target = (word.encode() for word in sys.argv[1:3])
    flags = OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW | O_CLOEXEC
    tree = check(libc.syscall(OPEN_TREE, AT_FDCWD, source, flags))
    check(libc.syscall(MOVE_MOUNT, tree, b"", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH))
