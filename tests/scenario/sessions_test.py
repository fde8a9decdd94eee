#!/usr/bin/env python3
"""Shows that the session runner sees what it should."""

import pathlib
import unittest

import sessions


def document(*lines):
    return "# Title\n\n<!-- session: tested -->\n```console\n" + "\n".join(lines) + "\n```\n"


def faults_of(*lines):
    found = sessions.sessions(document(*lines))
    assert len(found) == 1
    return sessions.run_session("doc", found[0][0], found[0][1], pathlib.Path("/nowhere"))


class Sessions(unittest.TestCase):
    def test_what_is_printed_is_compared(self):
        self.assertEqual(faults_of("$ echo a; echo b >&2", "a", "b"), [])
        self.assertEqual(len(faults_of("$ echo a", "b")), 1)
        self.assertEqual(len(faults_of("$ echo a")), 1)
        self.assertEqual(len(faults_of("$ true", "a")), 1)
        self.assertEqual(len(faults_of("$ printf 'a\\nb\\n'", "a")), 1)

    def test_wildcards(self):
        self.assertEqual(faults_of("$ echo id 40dc done", "id … done"), [])
        self.assertEqual(len(faults_of("$ printf 'id 1\\nx done\\n'", "id … done")), 1)
        self.assertEqual(faults_of("$ seq 9", "1", "…", "9"), [])
        self.assertEqual(len(faults_of("$ seq 9", "1", "…", "8")), 1)
        self.assertEqual(len(faults_of("$ echo 'a.c'", "abc")), 1)

    def test_state_lasts_within_a_session(self):
        self.assertEqual(faults_of("$ mkdir d && cd d && x=1", "$ echo $x $(basename $PWD)", "1 d"), [])
        self.assertEqual(faults_of("$ cat", "$ echo after", "after"), [])

    def test_commands_over_several_lines(self):
        self.assertEqual(faults_of("$ echo a \\", "> b", "a b"), [])
        self.assertEqual(faults_of("$ for i in 1 2; do", ">   echo $i", "> done", "1", "2"), [])
        self.assertEqual(faults_of("$ echo '> x'", "> x"), [])

    def test_failures_must_be_told(self):
        self.assertEqual(len(faults_of("$ false")), 1)
        self.assertEqual(faults_of("$ (exit 3)", "$ echo $?", "3"), [])
        self.assertEqual(len(faults_of("$ (exit 3)", "$ echo $?", "4")), 1)

    def test_only_marked_blocks_are_run(self):
        self.assertEqual(sessions.sessions("```console\n$ false\n```\n"), [])
        with self.assertRaises(ValueError):
            sessions.sessions("<!-- session: tested -->\ntext\n")


if __name__ == "__main__":
    unittest.main()
