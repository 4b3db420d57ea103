#!/usr/bin/python3
"""What nothing refers to is found in a data directory, and nothing else."""

import pathlib
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import directory

NEEDED = ("LOCK", "server.log", "superblock", "checkpoint-0-0000000004.ckp", "log-0-0000000007.seg", "log-0-0000000008.seg",
          "frames-0-0000000002.frm")


class NeedlessTest(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)
        for name in NEEDED:
            self.add(name)
        manifest = bytearray(104)
        struct.pack_into("<Q", manifest, 48, 4)
        struct.pack_into("<Q", manifest, 72, 7)
        (self.folder / "manifest-0").write_bytes(manifest)

    def add(self, name):
        (self.folder / name).write_bytes(b"")

    def test_what_is_needed(self):
        self.assertEqual(directory.needless(self.folder, 1), [])

    def test_each_kind_of_leftover(self):
        for name in ("manifest-0.new", "superblock.new", "checkpoint-0-0000000003.ckp", "checkpoint-0-0000000005.ckp",
                     "log-0-0000000006.seg", "log-0-0000000010.seg", "log-0-7.seg", "something"):
            self.add(name)
            self.assertEqual(directory.needless(self.folder, 1), [name])
            (self.folder / name).unlink()

    def test_a_frame_file_that_the_server_does_not_know(self):
        self.add("frames-0-0000000003.frm")
        self.assertEqual(len(directory.needless(self.folder, 1)), 1)
        self.assertEqual(directory.needless(self.folder, 2), [])

    def test_without_a_manifest(self):
        (self.folder / "manifest-0").unlink()
        self.assertEqual(len(directory.needless(self.folder, 1)), 3)


if __name__ == "__main__":
    unittest.main()
