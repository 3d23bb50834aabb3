"""The Debian packages have the files they promise. Whether they install is for a bare system to say; this is cheap."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

BUILD = pathlib.Path(os.environ["EMDYN_BUILD"])
TOOLS = ["cpack", "dpkg-shlibdeps", "dpkg-deb"]


@unittest.skipIf(any(shutil.which(tool) is None for tool in TOOLS), f"SKIPPED: one of {TOOLS} is absent")
class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="emdyn-package-"))
        subprocess.run(["cpack", "--config", BUILD / "CPackConfig.cmake", "-G", "DEB", "-B", cls.folder, "-D",
                        "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", "-D", "CPACK_COMPONENTS_ALL=program;bench", "-D",
                        "CPACK_STRIP_FILES=OFF"],
                       check=True, capture_output=True, cwd=cls.folder)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def package(self, name):
        found = list(self.folder.glob(f"{name}_*.deb"))
        self.assertEqual(len(found), 1, f"{name}: {found}")
        return found[0]

    def field(self, package, name):
        return subprocess.run(["dpkg-deb", "-f", package, name], check=True, capture_output=True, text=True).stdout

    def files(self, package):
        listing = subprocess.run(["dpkg-deb", "-c", package], check=True, capture_output=True, text=True).stdout
        return {line.split()[5].lstrip(".") for line in listing.splitlines()}

    def test_the_program(self):
        package = self.package("emdyn")
        files = self.files(package)
        for path in ["/usr/bin/emdyn", "/usr/share/doc/emdyn/copyright", "/usr/share/emdyn/emdyn_log.py"]:
            self.assertIn(path, files)
        self.assertFalse([path for path in files if "bench" in path or path.endswith((".a", ".hpp"))])
        depends = self.field(package, "Depends")
        self.assertIn("libc6", depends)
        self.assertNotIn("libtorch", depends)
        if (BUILD / "libemdyn_torch.so").exists():
            self.assertTrue(any(path.endswith("/emdyn/libemdyn_torch.so") for path in files))
            self.assertIn("libtorch", self.field(package, "Recommends"))

    def test_the_bench(self):
        if not (BUILD / "emdyn-bench").exists():
            self.skipTest("SKIPPED: emdyn-bench is not built")
        self.assertIn("/usr/bin/emdyn-bench", self.files(self.package("emdyn-bench")))


if __name__ == "__main__":
    unittest.main()
