"""tools/check_layers.py sees each kind of violation, and nothing in a tree that has none."""
import unittest

from tree import TreeTest


class Layers(TreeTest):
    TOOL = "check_layers.py"

    def setUp(self):
        super().setUp()
        self.module("core", "COLD DEPENDS", error_hpp="#pragma once\n")
        self.module("detect/contract", "DEPENDS core",
                    entry_hpp='#include "emdyn/core/error.hpp"\n')
        self.module("detect/level", "DEPENDS detect/contract core",
                    cusum_hpp='#include "emdyn/detect/contract/entry.hpp"\n',
                    cusum_cpp='#include "emdyn/detect/level/cusum.hpp"\n')
        self.module("detect", "DEPENDS detect/level core",
                    registry_hpp='#include "emdyn/detect/level/cusum.hpp"\n')
        self.module("model/network", "TORCH DEPENDS core", network_cpp="#include <torch/torch.h>\n")

    def test_a_tree_in_order_is_fine(self):
        self.assertEqual(self.ok(), "layers: ok\n")

    def test_includes_of_folders_that_are_not_named(self):
        self.write("src/emdyn/core/field.cpp", '#include "emdyn/detect/level/cusum.hpp"\n')
        self.write("src/emdyn/detect/level/ewma.cpp", '\n#include "emdyn/detect/registry.hpp"\n')
        self.found("core/field.cpp:1: core may not include detect/level",
                   "detect/level/ewma.cpp:2: detect/level may not include detect")

    def test_the_wing_does_not_stand_for_its_folders(self):
        self.module("report", "DEPENDS detect", page_cpp='#include "emdyn/detect/contract/entry.hpp"\n')
        self.found("report may not include detect/contract")

    def test_tests_may_include_what_their_wing_may(self):
        self.module("series", "DEPENDS core")
        self.module("series/runs", "DEPENDS detect", run_test_cpp='#include "emdyn/core/error.hpp"\n'
                    '#include "emdyn/detect/registry.hpp"\n#include "emdyn/series/signal.hpp"\n')
        self.ok()
        self.write("src/emdyn/series/runs/run.cpp", '#include "emdyn/core/error.hpp"\n')
        self.write("src/emdyn/series/runs/a_test.cpp", '#include "emdyn/detect/level/cusum.hpp"\n')
        self.found("series/runs/run.cpp:1: series/runs may not include core",
                   "series/runs/a_test.cpp:1: series/runs may not include detect/level")

    def test_circles_of_folders(self):
        self.module("detect/drift", "DEPENDS detect/novelty")
        self.module("detect/novelty", "DEPENDS detect/drift")
        self.found("circle of folders: detect/drift -> detect/novelty -> detect/drift")

    def test_circles_of_wings_whose_folders_have_none(self):
        self.module("store/points", "DEPENDS core")
        self.module("store/live", "DEPENDS alert/rules")
        self.module("alert/rules", "DEPENDS store/points")
        self.found("circle of wings: alert -> store -> alert")

    def test_torch_outside_its_modules(self):
        self.write("src/emdyn/core/field.cpp", "#include <torch/torch.h>\n#include <ATen/ATen.h>\n")
        self.found("core/field.cpp:1: core may not include torch", "core/field.cpp:2: core may not include torch")

    def test_modules_that_are_missing_misnamed_or_unknown(self):
        self.write("src/emdyn/explain/shapley.cpp", "int x;\n")
        self.write("src/emdyn/probe/rank/CMakeLists.txt", "emdyn_module(NAME rank DEPENDS cores)  # NAME x\n")
        self.found("explain: holds code but its CMakeLists.txt has no emdyn_module", "probe/rank: NAME is rank",
                   "probe/rank: DEPENDS names cores")

    def test_two_calls_for_one_folder_are_joined(self):
        self.write("src/emdyn/data/CMakeLists.txt", "if(X)\n  emdyn_module(NAME data TORCH DEPENDS core)\nelse()\n"
                   "  emdyn_module(NAME data DEPENDS detect)\nendif()\n")
        self.write("src/emdyn/data/load.cpp", '#include "emdyn/core/error.hpp"\n#include "emdyn/detect/registry.hpp"\n')
        self.ok()

    def test_python_sees_public_headers_and_web_none(self):
        self.write("python/bind.cpp", '#include "emdyn/core/error.hpp"\n#include "emdyn/core/gone.hpp"\n')
        self.module("app/cli", "INTERNAL DEPENDS core", verb_hpp="")
        self.write("python/verbs.cpp", '#include "emdyn/app/cli/verb.hpp"\n')
        self.write("web/page.js", 'fetch("/api/runs")\n')
        self.write("web/made.js", 'import "../src/emdyn/report/page.js"\n')
        self.found("python/bind.cpp:2: python/ sees public", "python/verbs.cpp:1: python/ sees public",
                   "web/made.js:1: web/ sees the HTTP API only")


if __name__ == "__main__":
    unittest.main()
