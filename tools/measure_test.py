"""tools/measure.py on code whose shape is known."""

import pathlib
import tempfile
import unittest

import measure

CODE = """#include "base/x.h"

namespace leat {

int one(int x) {
  return x;
}

Result two(int a,
           int b) {
  LEAT_CHECK(a < b);
  if (a) {
    return b;
  }
}

constexpr int kTable[] = {
    f(1),
};

}  // namespace leat
"""


class MeasureTest(unittest.TestCase):
    def test_functions_are_counted_from_head_to_last_brace(self):
        self.assertEqual([length for length, _ in measure.functions(CODE.splitlines())], [3, 7])

    def test_folders_that_include_each_other_are_a_circle(self):
        edges = {"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}
        self.assertEqual(measure.circles(edges), [("a", "b", "c")])
        self.assertEqual(measure.circles({"a": {"b"}, "b": set()}), [])

    def test_the_report_leaves_tests_out(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "engine").mkdir()
            (root / "engine/a.cc").write_text(CODE)
            (root / "engine/a_test.cc").write_text(CODE)
            text = "\n".join(measure.report(root))
        self.assertIn("files      1, 21 lines", text)
        self.assertIn("functions  2, 0 over 70", text)
        self.assertIn("asserts    1,", text)
        self.assertIn("circles    none", text)


if __name__ == "__main__":
    unittest.main()
