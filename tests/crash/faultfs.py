"""A file system of one's own on a loop device: power loss by the shutdown ioctl, and a disk that is really full.

The shutdown drops everything that was not synced, as a power cut drops the page cache, and lets all later I/O fail.
Needs root and loop devices; `unavailable()` says what is missing.
"""

import atexit
import fcntl
import os
import pathlib
import shutil
import struct
import subprocess
import tempfile
import time

_SHUTDOWN_IOCTL = 0x8004587D   # _IOR('X', 125, __u32): ext4 and xfs alike
_NO_LOG_FLUSH = struct.pack("I", 2)
UMOUNT_SECONDS = 20
MKFS = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"]}
SIZE_MB_MIN = {"ext4": 8, "xfs": 320}   # mkfs.xfs refuses less than 300 MB

_mounted = set()


class MountFailed(Exception):
    pass


def _run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode:
        raise MountFailed(f"{' '.join(map(str, command))}: {(result.stderr or result.stdout).strip()}")


def unavailable(kind="ext4"):
    """Why such a file system can't be used here, or None. Tries it, because containers hide their limits well."""
    if os.geteuid() != 0:
        return "needs root to mount a file system"
    if not shutil.which(MKFS[kind][0]):
        return f"{MKFS[kind][0]} is not installed"
    try:
        with tempfile.TemporaryDirectory(prefix="leat-mount-") as directory, LoopFilesystem(directory, kind, 0) as trial:
            trial.shutdown()
            trial.remount()
    except (MountFailed, OSError) as error:
        return f"no loop-mounted {kind} here: {error}"
    return None


class LoopFilesystem:
    """`kind` on an image file in `directory`, mounted at .root until close()."""

    def __init__(self, directory, kind="ext4", size_mb=512):
        self._image = pathlib.Path(directory) / "disk.img"
        self.root = pathlib.Path(directory) / "disk"
        self._kind = kind
        self.root.mkdir(exist_ok=True)
        with open(self._image, "wb") as image:
            image.truncate(max(size_mb, SIZE_MB_MIN[kind]) << 20)
        _run(*MKFS[kind], self._image)
        self._mount()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def shutdown(self):
        """The power goes: nothing more reaches the disk, everything unsynced is lost."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN_IOCTL, _NO_LOG_FLUSH)
        finally:
            os.close(descriptor)

    def remount(self):
        """The power is back: the journal is replayed. All users must have ended."""
        self._umount()
        self._mount()

    def close(self):
        if self in _mounted:
            self._umount()
        self._image.unlink(missing_ok=True)

    def _mount(self):
        _run("mount", "-o", "loop", "-t", self._kind, self._image, self.root)
        _mounted.add(self)

    def _umount(self):
        deadline = time.monotonic() + UMOUNT_SECONDS
        while True:
            try:
                _run("umount", self.root)
                break
            except MountFailed:
                if time.monotonic() > deadline:
                    _run("umount", "-l", self.root)
                    break
                time.sleep(0.02)
        _mounted.discard(self)


@atexit.register
def _close_leftovers():
    for filesystem in list(_mounted):
        filesystem.close()
