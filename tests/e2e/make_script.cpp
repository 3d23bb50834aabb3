// Writes a TorchScript file whose forward(self, x) has the given body, for the tests of what reads
// one:
//   emdyn_make_script OUT.pt 'return torch.flatten(x, 1)'
#include <torch/script.h>

#include <cstdio>

int main(int count, char** arguments) {
  if (count != 3) {
    std::fprintf(stderr, "emdyn_make_script OUT.pt BODY\n");
    return 2;
  }
  torch::jit::Module module("network");
  module.define(std::string("def forward(self, x):\n  ") + arguments[2] + "\n");
  module.save(arguments[1]);
  return 0;
}
