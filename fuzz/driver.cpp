#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <random>

#include "fuzz.hpp"

// A main() for compilers without libFuzzer: `TARGET [MUTATIONS] [FILE…]` tries every seed and file
// as it is and then mutations of them, always the same ones. An input that crashes is left in
// fuzz-crash.bin.
namespace {

using Random =
    std::mt19937_64;  // Its numbers are the same everywhere, and no result depends on them.

std::size_t below(Random& random, std::size_t bound) {
  return bound == 0 ? 0 : static_cast<std::size_t>(random() % bound);
}

void mutate(std::string& input, const std::vector<std::string>& seeds, Random& random) {
  static const std::vector<std::string> kTokens{"\n",
                                                "\"",
                                                "\"\"",
                                                ",",
                                                ";",
                                                "\r\n",
                                                "nan",
                                                "-inf",
                                                "1e999",
                                                "\\u",
                                                "{",
                                                "}",
                                                "[",
                                                ":",
                                                "\xff",
                                                "\x80",
                                                std::string(1, '\0'),
                                                "step",
                                                "value",
                                                "run",
                                                "\xff\xff\xff\xff\x0f",
                                                "0",
                                                "-"};
  const std::size_t at = below(random, input.size() + 1);
  switch (below(random, 6)) {
    case 0:
      if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(random, 8)));
      break;
    case 1:
      input.insert(at, kTokens[below(random, kTokens.size())]);
      break;
    case 2:
      input.erase(at, 1 + below(random, 8));
      break;
    case 3: {
      const std::string piece = input.substr(at, 1 + below(random, 40));
      input.insert(below(random, input.size() + 1), piece);
      break;
    }
    case 4: {
      const std::string& other = seeds[below(random, seeds.size())];
      input = input.substr(0, at) + other.substr(below(random, other.size() + 1));
      break;
    }
    default:
      if (at < input.size()) input[at] = static_cast<char>(random() & 0xFF);
  }
}

std::string current;

/// The program is lost: what a signal handler may not do is worth trying.
void keep_input(int death) {
  std::ofstream("fuzz-crash.bin", std::ios::binary)
      .write(current.data(), static_cast<std::streamsize>(current.size()));
  std::signal(death, SIG_DFL);
  std::raise(death);
}

void try_input(const std::string& input) {
  current = input;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

}  // namespace

int main(int argc, char** argv) {
  const long mutations = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 5000;
  std::vector<std::string> seeds = emdyn::fuzz::seeds();
  for (int i = 2; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  for (const int death : {SIGABRT, SIGSEGV, SIGFPE}) std::signal(death, keep_input);
  try_input("");
  for (const std::string& seed : seeds) try_input(seed);
  Random random(20240607);
  for (long i = 0; i < mutations; ++i) {
    std::string input = seeds[below(random, seeds.size())];
    for (std::size_t n = 1 + below(random, 6); n > 0; --n) mutate(input, seeds, random);
    try_input(input);
  }
  std::printf("%zu seeds and %ld mutations: nothing crashed\n", seeds.size(), mutations);
  return 0;
}
