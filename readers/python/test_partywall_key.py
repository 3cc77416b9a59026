"""A key is kept for its user alone, replaced whole, and never shown."""

import os
import pathlib
import tempfile
import unittest

from partywall_key import KeyFile, KeyTrouble

OLD = "pwk_" + "a" * 49
NEW = "pwk_" + "b" * 49


class Keeping(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "key"
        self.file = KeyFile(self.path)

    def test_a_key_is_kept_for_its_user_alone(self):
        self.file.store(OLD)
        self.assertEqual(os.stat(self.path).st_mode & 0o777, 0o600)
        self.assertEqual(self.file.headers(), {"Authorization": f"Bearer {OLD}"})
        self.assertEqual(os.listdir(self.path.parent), ["key"])

    def test_a_file_that_others_may_read_is_refused(self):
        self.file.store(OLD)
        os.chmod(self.path, 0o644)
        with self.assertRaises(KeyTrouble) as refused:
            self.file.headers()
        self.assertNotIn(OLD, str(refused.exception))

    def test_what_is_no_key_is_not_kept(self):
        for text in ("", "pwk_short", OLD + "x", f"Bearer {OLD}", OLD + "\nx"):
            with self.assertRaises(KeyTrouble):
                self.file.store(text)
        self.assertFalse(self.path.exists())

    def test_a_rotation_needs_no_restart(self):
        self.file.store(OLD)
        self.file.headers()
        self.assertFalse(self.file.should_retry(401, "key.refused"), "there is no other yet")
        KeyFile(self.path).store(NEW)
        self.assertTrue(self.file.should_retry(401, "key.expired"))
        self.assertEqual(self.file.headers(), {"Authorization": f"Bearer {NEW}"})
        self.assertFalse(self.file.should_retry(403, "scope.missing"))

    def test_a_key_is_not_in_what_is_printed(self):
        self.file.store(OLD)
        self.file.headers()
        self.assertNotIn("aaaa", repr(self.file) + str(self.file))


if __name__ == "__main__":
    unittest.main()
