#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fuzz.hpp"

/// With EMDYN_FUZZ_SEEDS=FOLDER in the environment a libFuzzer program writes its seeds there and
/// ends; name the folder as its corpus then.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("EMDYN_FUZZ_SEEDS");
  if (folder == nullptr) return 0;
  std::filesystem::create_directories(folder);
  std::size_t number = 0;
  for (const std::string& seed : emdyn::fuzz::seeds()) {
    std::ofstream(std::filesystem::path(folder) / ("seed" + std::to_string(number++)),
                  std::ios::binary)
        .write(seed.data(), static_cast<std::streamsize>(seed.size()));
  }
  std::exit(0);
}
