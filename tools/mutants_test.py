"""The mutants stay true to the sources: one whose text is gone breaks nothing and proves nothing."""

import os
import pathlib
import tempfile
import unittest

import mutants


class MutantsTest(unittest.TestCase):
    def setUp(self):
        self.mutants = mutants.read_mutants(mutants.LIST.read_text(encoding="utf-8"))

    def test_every_mutant_fits_the_sources(self):
        stale = {mutant.name: mutants.problem_of(mutant) for mutant in self.mutants if mutants.problem_of(mutant)}
        self.assertEqual(stale, {})

    def test_names_are_unique(self):
        names = [mutant.name for mutant in self.mutants]
        self.assertEqual(sorted(names), sorted(set(names)))

    def test_text_that_is_gone_is_a_problem(self):
        path = self.mutants[0].path
        gone = mutants.Mutant("gone", "", path=path, old="no source has this text", new="")
        self.assertIn("stands 0 times", mutants.problem_of(gone))
        self.assertIn("there is no", mutants.problem_of(mutants.Mutant("gone", "", path="src/gone.cc", old="a", new="b")))

    def test_what_differs_is_younger_than_what_was_built_of_it(self):
        with tempfile.TemporaryDirectory() as directory:
            origin, copy = pathlib.Path(directory, "origin"), pathlib.Path(directory, "copy")
            for name in ("CMakeLists.txt", "src/a.cc", "src/b.cc", "src/corpus/large"):
                path = origin / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(name, encoding="utf-8")
                os.utime(path, (1, 1))
            mutants.mirror(origin, copy)
            self.assertEqual(sorted(p.name for p in copy.rglob("*") if p.is_file()), ["CMakeLists.txt", "a.cc", "b.cc"])
            os.utime(copy / "src/b.cc", (100, 100))
            (copy / "src/a.cc").write_text("broken", encoding="utf-8")
            os.utime(copy / "src/a.cc", (200, 200))
            (copy / "src/gone.cc").write_text("", encoding="utf-8")
            mutants.mirror(origin, copy)
            self.assertEqual((copy / "src/a.cc").read_text(encoding="utf-8"), "src/a.cc")
            self.assertGreater((copy / "src/a.cc").stat().st_mtime, 200)
            self.assertEqual((copy / "src/b.cc").stat().st_mtime, 100)
            self.assertFalse((copy / "src/gone.cc").exists())


if __name__ == "__main__":
    unittest.main()
