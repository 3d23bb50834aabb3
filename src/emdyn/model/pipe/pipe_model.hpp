#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "emdyn/model/network/model.hpp"
#include "emdyn/model/network/shown.hpp"
#include "emdyn/model/pipe/channel.hpp"

namespace emdyn::model {

/// A model that another process owns and answers for: any framework, any device. Attacks, corruptions and scores are
/// computed here; forward passes and the gradients of batches are asked for through shared memory (pipe/protocol.hpp).
///
/// Gradients need one forward pass, as of a model in this process: the peer keeps the graph of a pass that is to be
/// differentiated and is told when it is needed no more. As many threads are served at once as the peer says it
/// answers; equal answers of the peer give equal results for every number of threads.
///
/// Cost beside a network in the process: two copies of inputs and gradients and two messages a batch (tens of
/// microseconds).
class PipeModel final : public Model, public WithFeatures {
 public:
  static constexpr std::string_view kPrefix = "pipe:";

  /// @param path of the Unix socket where the model answers.
  /// @throws ModelError in one line when nobody answers there, or what answers makes no sense.
  explicit PipeModel(std::string path);

  const Signature& signature() const noexcept override { return pool_->peer().signature; }
  bool differentiable() const noexcept override { return pool_->peer().differentiable; }
  torch::Tensor features(const torch::Tensor& inputs, Ledger& ledger) const override;
  torch::Tensor graph(const torch::Tensor& inputs) const override { return forward(inputs); }

  bool shows_features() const noexcept override { return pool_->peer().features > 0; }
  Shown see(const torch::Tensor& inputs) const override;
  OutputLayer output_layer() const override { return output_layer_; }

 protected:
  torch::Tensor forward(const torch::Tensor& inputs) const override;

 private:
  // Shared with the graphs that wait for their gradients.
  std::shared_ptr<pipe::ChannelPool> pool_;
  OutputLayer output_layer_;
};

/// Whether a model is named by an address ("pipe:/run/model.sock") and not by a file.
inline bool is_pipe(std::string_view model) noexcept {
  return model.starts_with(PipeModel::kPrefix);
}

/// The model at an address. @pre is_pipe(address). @throws ModelError as PipeModel.
std::unique_ptr<Model> pipe_model(std::string_view address);

}  // namespace emdyn::model
