"""What stands in a data directory and is needed, judged from outside: by names, by the manifest and by `leat check`."""

import contextlib
import os
import pathlib
import re
import struct
import subprocess
import tempfile

CHECK_SECONDS = 60
_OTHERS = {"LOCK", "server.log", "superblock", "manifest-0"}   # The log of the server is the tests' own.
_NUMBERED = re.compile(r"(log|checkpoint|frames)-0-(\d{10,})\.(?:seg|ckp|frm)")
_MANIFEST_CHECKPOINT, _MANIFEST_SEGMENT = 48, 72               # docs/formats/checkpoint.md
_SEGMENT_MAGIC = b"LEATSEG1"                                   # docs/formats/log.md
HEADER_COPY, LOG_ALIGNMENT = 4096, 512


def leat_check(binary, directory):
    """(exit status, what it said) of `leat check`."""
    result = subprocess.run([str(binary), "check", str(directory)], capture_output=True, text=True, timeout=CHECK_SECONDS)
    return result.returncode, (result.stdout + result.stderr).strip()


def numbered(directory, kind):
    """number -> name of the files of a kind: log, checkpoint or frames."""
    matches = (_NUMBERED.fullmatch(name) for name in os.listdir(directory))
    return {int(match[2]): match[0] for match in matches if match and match[1] == kind}


def used_segment(directory):
    """The path of the newest segment that has been opened."""
    for _, name in sorted(numbered(directory, "log").items(), reverse=True):
        with open(pathlib.Path(directory) / name, "rb") as segment:
            if segment.read(len(_SEGMENT_MAGIC)) == _SEGMENT_MAGIC:
                return pathlib.Path(directory) / name
    raise FileNotFoundError(f"no opened segment in {directory}")


def _manifest(directory):
    """The checkpoint that counts, 0 for none, and the first segment that is needed."""
    try:
        content = (pathlib.Path(directory) / "manifest-0").read_bytes()
    except FileNotFoundError:
        return 0, 1
    return struct.unpack_from("<Q", content, _MANIFEST_CHECKPOINT)[0], struct.unpack_from("<Q", content, _MANIFEST_SEGMENT)[0]


def needless(directory, frame_files):
    """Names of files that nothing refers to, below a server that knows of `frame_files` frame files."""
    checkpoint, first = _manifest(directory)
    found = [name for name in os.listdir(directory) if name not in _OTHERS and not _NUMBERED.fullmatch(name)]
    found += [name for number, name in numbered(directory, "checkpoint").items() if number != checkpoint]
    segments = numbered(directory, "log")
    found += [name for number, name in segments.items() if not first <= number < first + len(segments)]
    frames = sorted(numbered(directory, "frames").values())
    if len(frames) != frame_files:
        found.append(f"{len(frames)} frame files, of which the server knows {frame_files}: {frames}")
    return found


def noted(binary, directory):
    """What `leat check` says that the next start would remove, but for the frame file that is being written; the server may run."""
    open_file = max(numbered(directory, "frames").items(), default=(0, "none"))[1]
    with tempfile.TemporaryDirectory(prefix="checked-", dir=pathlib.Path(directory).parent) as links:
        for name in os.listdir(directory):
            if name != "LOCK":
                with contextlib.suppress(FileNotFoundError):   # A server that runs removes files.
                    os.link(pathlib.Path(directory) / name, pathlib.Path(links) / name)
        _, words = leat_check(binary, links)
    return [line for line in words.splitlines() if "removes it" in line and open_file not in line]
