#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "emdyn/model/files/safetensors_header.hpp"

namespace emdyn::model {

/// The tensors of a checkpoint, read one at a time: opening reads headers only, so a file may be
/// far larger than the memory.
///
/// Takes a `.safetensors` file, an index of shards (`*.safetensors.index.json`, whose shards lie
/// beside it) or a folder that holds one of the two. Nothing in the files is trusted: sizes are
/// checked before anything is allocated, and an index names no file outside its own folder.
class TensorFile {
 public:
  struct Tensor {
    TensorPlace place{};
    std::size_t shard = 0;
    std::uint64_t bytes() const noexcept { return place.end - place.begin; }
  };

  /// @throws DataError naming the file, the tensor and the fault.
  explicit TensorFile(const std::filesystem::path& path);
  ~TensorFile();
  TensorFile(TensorFile&&) noexcept;
  TensorFile& operator=(TensorFile&&) noexcept;

  /// In the order of their bytes, shard by shard; of an index only the tensors that it lists.
  std::span<const Tensor> tensors() const noexcept;
  const Tensor* find(std::string_view name) const noexcept;
  std::size_t shards() const noexcept;

  /// All values as float32, row-major. May be called by several threads at once. Besides the result
  /// it holds 1 MiB. @throws DataError for a type that is not read, or when the file has shrunk.
  std::vector<float> read(const Tensor& tensor) const;

 private:
  struct Shard;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<Tensor> tensors_;
};

}  // namespace emdyn::model
