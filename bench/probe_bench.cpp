#include "probe_bench.hpp"

#include <Eigen/SVD>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <utility>

#include "emdyn/core/json.hpp"
#include "emdyn/core/philox.hpp"
#include "emdyn/pipeline/probe_checkpoint.hpp"
#include "emdyn/probe/spectra/spectrum.hpp"
#include "memory_use.hpp"

namespace emdyn::bench {
namespace {

namespace fs = std::filesystem;
using Shapes = std::vector<std::pair<std::string, std::vector<std::uint64_t>>>;

std::uint64_t count_of(const std::vector<std::uint64_t>& shape) {
  std::uint64_t count = 1;
  for (const std::uint64_t extent : shape) count *= extent;
  return count;
}

/// A checkpoint of normal weights, written without holding it.
void write_checkpoint(const fs::path& path, const Shapes& shapes) {
  Json header = Json::object();
  std::uint64_t at = 0;
  for (const auto& [name, shape] : shapes) {
    const std::uint64_t size = 4 * count_of(shape);
    header[name] = {{"dtype", "F32"}, {"shape", shape}, {"data_offsets", {at, at + size}}};
    at += size;
  }
  const std::string text = json_text(header);
  const std::uint64_t length = text.size();
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(&length), sizeof length);
  file << text;
  Philox random(1);
  std::vector<float> values(1 << 16);
  for (std::uint64_t left = at / 4; left > 0;) {
    const std::uint64_t count = std::min<std::uint64_t>(left, values.size());
    for (float& value : values) value = static_cast<float>(0.02 * random.normal());
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(4 * count));
    left -= count;
  }
}

Shapes transformer(std::size_t blocks) {
  Shapes shapes = {{"wte.weight", {50257, 768}}, {"wpe.weight", {1024, 768}}};
  for (std::size_t i = 0; i < blocks; ++i) {
    const std::string block = "h." + std::to_string(i) + ".";
    shapes.push_back({block + "attention.weight", {768, 2304}});
    shapes.push_back({block + "projection.weight", {768, 768}});
    shapes.push_back({block + "up.weight", {768, 3072}});
    shapes.push_back({block + "down.weight", {3072, 768}});
    shapes.push_back({block + "norm.weight", {768}});
  }
  return shapes;
}

template <class Work>
double seconds(int repeats, Work&& work) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

void layer_rows(std::vector<Row>& rows) {
  constexpr std::size_t kRows = 3072;
  constexpr std::size_t kColumns = 768;
  Philox random(2);
  std::vector<float> weights(kRows * kColumns);
  for (float& weight : weights) weight = static_cast<float>(random.normal());
  const math::MatrixView<float> view{weights.data(), kRows, kColumns, kColumns, 1};
  const double own = seconds(3, [&] { static_cast<void>(probe::spectrum(view)); });
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::MatrixXd matrix =
      Eigen::Map<const Matrix>(weights.data(), kRows, kColumns).cast<double>();
  const double eigen = seconds(1, [&] {
    const Eigen::BDCSVD<Eigen::MatrixXd> svd(matrix);
    static_cast<void>(svd.singularValues()(0));
  });
  rows.push_back({"spectrum_3072x768", own, "s", eigen, "Eigen BDCSVD, values only"});
}

}  // namespace

std::vector<Row> probe_rows(const ProbeBenchOptions& options) {
  const fs::path folder =
      options.folder.empty() ? fs::temp_directory_path() : fs::path(options.folder);
  const fs::path path = folder / "emdyn-probe-bench.safetensors";
  std::vector<Row> rows;
  write_checkpoint(path, transformer(options.blocks));
  const double large = seconds(1, [&] { static_cast<void>(pipeline::probe_checkpoint(path)); });
  rows.push_back({"checkpoint_transformer", large, "s", 60.0, "bar", {}, {}, large < 60.0});
  const double memory = peak_resident_bytes() / (4.0 * 50257 * 768);
  rows.push_back(
      {"checkpoint_peak_memory", memory, "largest tensors", 3.0, "bar", {}, {}, memory < 3.0});
  write_checkpoint(path, {{"0.weight", {16, 1, 4, 4}},
                          {"2.weight", {32, 16, 4, 4}},
                          {"5.weight", {100, 1568}},
                          {"7.weight", {10, 100}}});
  const double small = seconds(10, [&] { static_cast<void>(pipeline::probe_checkpoint(path)); });
  rows.push_back({"checkpoint_166k", 1000.0 * small, "ms", 50.0, "bar", {}, {}, small < 0.05});
  fs::remove(path);
  layer_rows(rows);
  return rows;
}

}  // namespace emdyn::bench
