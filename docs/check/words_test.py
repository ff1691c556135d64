"""python3 -m unittest discover -s docs/check -p '*_test.py'"""

from __future__ import annotations

import unittest
from pathlib import Path

import words


def found(name: str, text: str) -> list[tuple[int, str]]:
    return [(line, " ".join(word.split())) for line, word, _ in words.findings(Path(name), text)]


class Findings(unittest.TestCase):
    def test_markdown_is_read_without_its_code(self) -> None:
        page = "# What counts\n\nIt can be\nhad. `whoever`\n\n```sh\nmend\n```\n\n- Who asks waits.\n"
        self.assertEqual(found("a.md", page), [(3, "be had"), (10, "Who …")])

    def test_a_question_may_start_with_what(self) -> None:
        self.assertEqual(found("a.md", "Read this. What does it send? What it sends is small."), [(1, "What …")])

    def test_comments_are_read_across_lines_and_names_are_not(self) -> None:
        code = '/// A read that is\n/// told of it.\nfn mend() {}\nlet text = "may be had";\nlet word = "mend";\n'
        self.assertEqual(found("a.rs", code), [(1, "is told"), (4, "be had")])

    def test_documentation_does_not_open_with_a_question_word(self) -> None:
        code = "/// How long it waits.\nfn a() {}\n// How long it waits.\nfn b() {}\n"
        self.assertEqual(found("a.rs", code), [(1, "How …")])

    def test_docstrings_and_comments_of_python_are_read(self) -> None:
        code = 'def mend():\n    """What it mends."""\n    x = "mend"  # beside\n    return f"{x} is told"\n'
        self.assertEqual(found("a.py", code), [(2, "mends"), (2, "What …"), (3, "beside"), (4, "is told")])

    def test_behind_a_proxy_and_falling_behind_are_english(self) -> None:
        text = "A client behind a corporate proxy may fall behind. It starts behind the cursor."
        self.assertEqual(found("a.md", text), [(1, "behind")])


class Baseline(unittest.TestCase):
    def test_a_file_may_only_have_fewer(self) -> None:
        self.assertEqual(words.compare_counts({"a": 2, "b": 1}, {"a": 1, "b": 3}), (["a"], 2))

    def test_a_file_without_a_count_may_have_none(self) -> None:
        self.assertEqual(words.compare_counts({"new": 1}, {}), (["new"], 0))


if __name__ == "__main__":
    unittest.main()
