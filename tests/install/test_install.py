"""The installed library as its users see it: the example builds against it through find_package, and a small program
through pkg-config. Nothing is fetched. A build folder that lacks parts cannot be installed: that is skipped, loudly."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("EMDYN_BUILD", SOURCE / "build/release"))
CXX = os.environ.get("EMDYN_CXX", "c++")
SKIPPED = 77

TINY = """
#include <cstdio>
#include "emdyn/detect/registry.hpp"
int main() {
  const auto detector = emdyn::detect::make_detector("cusum", {{"baseline_samples", "0"}});
  double score = 0.0;
  for (int i = 0; i < 50; ++i) score = detector->update(3.0);
  std::printf("%g\\n", score);
  return score > 1.0 ? 0 : 1;
}
"""


def run(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"FAILED {' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def install(prefix):
    done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], capture_output=True, text=True)
    if done.returncode == 0:
        return
    missing = re.search(r'file INSTALL cannot find\s+"([^"]+)"', done.stderr)
    if missing:
        print(f"SKIPPED: {missing.group(1)} is not built, so nothing can be installed; build everything first")
        sys.exit(SKIPPED)
    sys.exit(f"FAILED to install\n{done.stderr}")


def example(prefix, folder):
    build = folder / "example"
    run("cmake", "-S", SOURCE / "examples/monitor", "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}",
        f"-DCMAKE_CXX_COMPILER={CXX}", "-DCMAKE_BUILD_TYPE=Debug")
    run("cmake", "--build", build)
    out = run(build / "monitor_example", folder / "store")
    print(out)
    assert re.search(r"event at step 12\d\d: \w+ of train_loss", out), "the jump of the loss was not told"
    listed = run(prefix / "bin/emdyn", "runs", "--store", folder / "store", "--json")
    assert '"example"' in listed, listed


def pkg_config(prefix, folder):
    if not shutil.which("pkg-config"):
        print("SKIPPED the pkg-config part: pkg-config is absent")
        return
    found = next(prefix.rglob("emdyn.pc")).parent
    path = os.pathsep.join(filter(None, [str(found), os.environ.get("PKG_CONFIG_PATH")]))
    flags = run("pkg-config", "--define-variable=prefix=" + str(prefix), "--cflags", "--libs", "emdyn",
                env={**os.environ, "PKG_CONFIG_PATH": path}).split()
    (folder / "tiny.cpp").write_text(TINY)
    run(CXX, "-o", folder / "tiny", folder / "tiny.cpp", *flags)
    run(folder / "tiny")


with tempfile.TemporaryDirectory(prefix="emdyn-install-") as name:
    here = pathlib.Path(name)
    install(here / "prefix")
    example(here / "prefix", here)
    pkg_config(here / "prefix", here)
    print("find_package and pkg-config: ok")
