#include "emdyn/model/pipe/pipe_model.hpp"

#include <ATen/Functions.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/text.hpp"
#include "emdyn/model/network/adapters.hpp"

namespace emdyn::model {
namespace {

using pipe::ChannelPool;
using pipe::Request;
using pipe::RequestKind;

/// A pass without a graph is cut where it would take more memory than this.
constexpr std::uint64_t kRoomyBytes = std::uint64_t{1} << 28U;

void copy_in(float* to, const torch::Tensor& rows) {
  const torch::Tensor whole = rows.to(at::kFloat).contiguous();
  std::memcpy(to, whole.data_ptr<float>(), static_cast<std::size_t>(whole.numel()) * sizeof(float));
}

torch::Tensor copy_out(const float* from, std::vector<std::int64_t> shape) {
  torch::Tensor made = torch::empty(shape);
  std::memcpy(made.data_ptr<float>(), from, static_cast<std::size_t>(made.numel()) * sizeof(float));
  return made;
}

std::vector<std::int64_t> with_rows(std::int64_t rows, std::vector<std::int64_t> shape) {
  shape.insert(shape.begin(), rows);
  return shape;
}

/// A graph that the peer keeps.
class Ticket {
 public:
  Ticket(std::shared_ptr<ChannelPool> pool, std::uint64_t number)
      : pool_(std::move(pool)), number_(number) {}
  ~Ticket() { pool_->release(number_); }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  ChannelPool& pool() const noexcept { return *pool_; }
  std::uint64_t number() const noexcept { return number_; }

 private:
  std::shared_ptr<ChannelPool> pool_;
  std::uint64_t number_;
};

/// The peer's part of a graph: gradients by logits and features in, by the inputs out.
class PeerGraph final : public torch::autograd::Node {
 public:
  PeerGraph(std::shared_ptr<Ticket> ticket, std::int64_t rows)
      : ticket_(std::move(ticket)), rows_(rows) {}

  void release_variables() override {
    const std::lock_guard lock(mutex_);
    ticket_.reset();
  }

  torch::autograd::variable_list apply(torch::autograd::variable_list&& by_outputs) override {
    std::shared_ptr<Ticket> ticket;
    {
      const std::lock_guard lock(mutex_);
      ticket = ticket_;
    }
    if (ticket == nullptr)
      throw ModelError("model over a pipe: a graph was differentiated after it was given up");
    ChannelPool& pool = ticket->pool();
    ChannelPool::Loan channel(pool);
    channel->reserve(static_cast<std::uint64_t>(rows_));
    const pipe::Layout& at = channel->layout();
    Request request{.kind = static_cast<std::uint32_t>(RequestKind::backward),
                    .rows = static_cast<std::uint64_t>(rows_),
                    .ticket = ticket->number()};
    if (by_outputs[0].defined()) {
      copy_in(channel->memory() + at.by_logits_at(), by_outputs[0]);
      request.flags |= Request::kLogits;
    }
    if (by_outputs.size() > 1 && by_outputs[1].defined()) {
      copy_in(channel->memory() + at.by_features_at(), by_outputs[1]);
      request.flags |= Request::kFeatures;
    }
    if (request.flags == 0) return {torch::Tensor()};
    (void)channel.ask(request);
    return {copy_out(channel->memory() + at.by_inputs_at(),
                     with_rows(rows_, pool.peer().signature.input))};
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<Ticket> ticket_;
  std::int64_t rows_;
};

/// One pass through a channel. @param ticket gets the graph's where it is to be kept.
Shown pass(ChannelPool& pool, const torch::Tensor& rows, bool features, std::uint64_t* ticket) {
  const pipe::Peer& peer = pool.peer();
  const std::int64_t count = rows.size(0);
  ChannelPool::Loan channel(pool);
  channel->reserve(static_cast<std::uint64_t>(count));
  const pipe::Layout& at = channel->layout();
  copy_in(channel->memory() + at.inputs_at(), rows);
  Request request{.kind = static_cast<std::uint32_t>(RequestKind::forward),
                  .rows = static_cast<std::uint64_t>(count)};
  if (features) request.flags |= Request::kFeatures;
  if (ticket != nullptr) request.flags |= Request::kKeep;
  const std::uint64_t kept = channel.ask(request);
  if (ticket != nullptr) *ticket = kept;
  Shown shown;
  shown.logits = copy_out(channel->memory() + at.logits_at(), {count, peer.signature.classes});
  if (features)
    shown.features = copy_out(channel->memory() + at.features_at(),
                              {count, static_cast<std::int64_t>(peer.features)});
  return shown;
}

Shown without_graph(ChannelPool& pool, const torch::Tensor& rows, bool features) {
  const std::uint64_t bytes = pool.peer().layout(1).floats() * sizeof(float);
  const auto most = static_cast<std::int64_t>(std::max<std::uint64_t>(1, kRoomyBytes / bytes));
  std::vector<torch::Tensor> logits;
  std::vector<torch::Tensor> seen;
  for (std::int64_t first = 0; first < rows.size(0); first += most) {
    const Shown part =
        pass(pool, rows.narrow(0, first, std::min(most, rows.size(0) - first)), features, nullptr);
    logits.push_back(part.logits);
    if (features) seen.push_back(part.features);
  }
  if (logits.empty()) {
    const auto width = static_cast<std::int64_t>(pool.peer().features);
    return {torch::zeros({0, pool.peer().signature.classes}),
            features ? torch::zeros({0, width}) : torch::Tensor()};
  }
  if (logits.size() == 1) return {logits[0], features ? seen[0] : torch::Tensor()};
  return {at::cat(logits), features ? at::cat(seen) : torch::Tensor()};
}

Shown with_graph(const std::shared_ptr<ChannelPool>& pool, const torch::Tensor& inputs,
                 bool features) {
  std::uint64_t number = 0;
  Shown shown;
  {
    const torch::NoGradGuard no_grad;
    shown = pass(*pool, inputs.detach(), features, &number);
  }
  const std::shared_ptr<PeerGraph> node(
      new PeerGraph(std::make_shared<Ticket>(pool, number), inputs.size(0)),
      torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  torch::autograd::set_history(shown.logits, node);
  if (features) torch::autograd::set_history(shown.features, node);
  return shown;
}

Shown answer(const std::shared_ptr<ChannelPool>& pool, const torch::Tensor& inputs, bool features) {
  const bool graph = at::GradMode::is_enabled() && inputs.requires_grad() &&
                     pool->peer().differentiable && inputs.size(0) > 0;
  Shown shown =
      graph ? with_graph(pool, inputs, features) : without_graph(*pool, inputs.detach(), features);
  (void)checked_logits(shown.logits.detach(), inputs.size(0), pool->peer().signature.classes);
  return shown;
}

OutputLayer ask_output_layer(ChannelPool& pool) {
  const pipe::Peer& peer = pool.peer();
  if (peer.features == 0) return {};
  ChannelPool::Loan channel(pool);
  channel->reserve(1);
  (void)channel.ask({.kind = static_cast<std::uint32_t>(RequestKind::head)});
  const auto width = static_cast<std::int64_t>(peer.features);
  const std::int64_t classes = peer.signature.classes;
  OutputLayer layer{copy_out(channel->memory(), {classes, width}),
                    copy_out(channel->memory() + classes * width, {classes})};
  if (!at::isfinite(layer.weight).all().item<bool>() ||
      !at::isfinite(layer.bias).all().item<bool>())
    throw ModelError(fmt::format("pipe:{}: its last layer holds values that are not finite",
                                 terminal_safe(pool.path())));
  return layer;
}

}  // namespace

PipeModel::PipeModel(std::string path)
    : pool_(std::make_shared<ChannelPool>(std::move(path))),
      output_layer_(ask_output_layer(*pool_)) {
  std::vector<std::int64_t> one = signature().input;
  one.insert(one.begin(), 1);
  Ledger ledger;
  (void)logits(torch::full(one, 0.5 * (signature().low + signature().high)), ledger);
}

torch::Tensor PipeModel::forward(const torch::Tensor& inputs) const {
  return answer(pool_, inputs, false).logits;
}

Shown PipeModel::see(const torch::Tensor& inputs) const {
  if (shows_features()) return answer(pool_, inputs, true);
  const torch::Tensor logits = forward(inputs);
  return {logits, logits};
}

torch::Tensor PipeModel::features(const torch::Tensor& inputs, Ledger& ledger) const {
  if (!shows_features()) return Model::features(inputs, ledger);
  check(inputs);
  const torch::NoGradGuard no_grad;
  ledger.forward += inputs.size(0);
  return see(inputs).features;
}

std::unique_ptr<Model> pipe_model(std::string_view address) {
  return std::make_unique<PipeModel>(std::string(address.substr(PipeModel::kPrefix.size())));
}

}  // namespace emdyn::model
