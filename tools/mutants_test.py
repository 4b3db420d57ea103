"""The mutants stay true to the sources: one whose text is gone breaks nothing and proves nothing."""

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


if __name__ == "__main__":
    unittest.main()
