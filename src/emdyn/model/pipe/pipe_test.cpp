#include <ATen/Functions.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <torch/csrc/autograd/autograd.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/model/network/blas_threads.hpp"
#include "emdyn/model/network/network.hpp"
#include "emdyn/model/pipe/pipe_model.hpp"

namespace emdyn::model {
namespace {

using pipe::Answer;
using pipe::Introduction;
using pipe::Layout;
using pipe::Request;
using pipe::RequestKind;

Network three_classes() {
  at::manual_seed(3);
  const auto linear = [](std::int64_t in, std::int64_t out) {
    return Layer{.kind = LayerKind::linear,
                 .name = "linear",
                 .tensors = {{"weight", at::randn({out, in})}, {"bias", at::randn({out})}}};
  };
  return {{.input = {2, 3}, .classes = 3},
          {{.kind = LayerKind::flatten}, linear(6, 5), {.kind = LayerKind::tanh}, linear(5, 3)}};
}

/// Another end, written after the protocol's page: answers for a network in threads of its own.
class Answering {
 public:
  /// @param alter what it says of itself. @param sabotage called before each answer; false: the connection ends.
  explicit Answering(std::function<void(Introduction&)> alter = {},
                     std::function<bool(const Request&)> sabotage = {})
      : alter_(std::move(alter)), sabotage_(std::move(sabotage)) {
    std::string folder = std::filesystem::temp_directory_path() / "emdyn-pipe-XXXXXX";
    folder_ = mkdtemp(folder.data());
    path_ = folder_ + "/model.sock";
    listening_ = ::socket(AF_UNIX, SOCK_SEQPACKET, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listening_, 8), 0);
    accepting_ = std::jthread([this] { accept_all(); });
  }
  ~Answering() {
    ::shutdown(listening_, SHUT_RDWR);
    accepting_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int one : open_) ::shutdown(one, SHUT_RDWR);
    }
    threads_.clear();
    ::close(listening_);
    std::filesystem::remove_all(folder_);
  }

  const std::string& path() const { return path_; }
  std::size_t graphs() {
    const std::lock_guard lock(mutex_);
    return graphs_.size();
  }
  Network network = three_classes();

 private:
  void accept_all() {
    for (;;) {
      const int one = ::accept(listening_, nullptr, nullptr);
      if (one < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(one);
      threads_.emplace_back([this, one] {
        serve(one);
        ::shutdown(one, SHUT_RDWR);
      });
    }
  }

  void serve(int socket) {
    set_torch_threads(1);
    pipe::Greeting greeting;
    if (::recv(socket, &greeting, sizeof(greeting), 0) != sizeof(greeting)) return;
    Introduction said{.dimensions = 2,
                      .flags = Introduction::kDifferentiable,
                      .channels = 3,
                      .classes = 3,
                      .features = 5,
                      .timeout_s = 20.0};
    said.shape = {2, 3};
    if (alter_) alter_(said);
    ::send(socket, &said, sizeof(said), MSG_NOSIGNAL);
    float* memory = nullptr;
    Layout at{};
    for (;;) {
      Request request;
      int descriptor = -1;
      if (!next(socket, request, descriptor)) return;
      if (sabotage_ && !sabotage_(request)) return;
      Answer answer;
      if (request.kind == static_cast<std::uint32_t>(RequestKind::map)) {
        at = {request.rows, 6, 3, 5};
        memory = static_cast<float*>(
            mmap(nullptr, request.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0));
        ::close(descriptor);
      } else {
        work(request, memory, at, answer);
      }
      const std::lock_guard lock(mutex_);
      if (request.released != 0) graphs_.erase(request.released);
      ::send(socket, &answer, sizeof(answer), MSG_NOSIGNAL);
    }
  }

  static bool next(int socket, Request& request, int& descriptor) {
    iovec part{&request, sizeof(request)};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(socket, &message, 0) != sizeof(request)) return false;
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr)
      std::memcpy(&descriptor, CMSG_DATA(header), sizeof(int));
    return true;
  }

  void work(const Request& request, float* memory, const Layout& at, Answer& answer) {
    const auto rows = static_cast<std::int64_t>(request.rows);
    const auto view = [&](std::uint64_t place, std::vector<std::int64_t> shape) {
      return at::from_blob(memory + place, shape, at::kFloat);
    };
    if (request.kind == static_cast<std::uint32_t>(RequestKind::head)) {
      const OutputLayer last = model::output_layer(network);
      view(0, {3, 5}).copy_(last.weight);
      view(15, {3}).copy_(last.bias);
    } else if (request.kind == static_cast<std::uint32_t>(RequestKind::forward)) {
      const bool keep = (request.flags & Request::kKeep) != 0;
      const torch::AutoGradMode mode(keep);
      const torch::Tensor leaf = view(at.inputs_at(), {rows, 2, 3}).clone().requires_grad_(keep);
      const Shown both = shown(network, leaf);
      const torch::NoGradGuard no_grad;
      view(at.logits_at(), {rows, 3}).copy_(both.logits);
      if ((request.flags & Request::kFeatures) != 0)
        view(at.features_at(), {rows, 5}).copy_(both.features);
      if (!keep) return;
      const std::lock_guard lock(mutex_);
      answer.ticket = ++tickets_;
      graphs_.emplace(answer.ticket, Graph{leaf, both});
    } else {
      Graph graph;
      {
        const std::lock_guard lock(mutex_);
        graph = graphs_.at(request.ticket);
      }
      std::vector<torch::Tensor> outputs;
      std::vector<torch::Tensor> slopes;
      if ((request.flags & Request::kLogits) != 0) {
        outputs.push_back(graph.both.logits);
        slopes.push_back(view(at.by_logits_at(), {rows, 3}));
      }
      if ((request.flags & Request::kFeatures) != 0) {
        outputs.push_back(graph.both.features);
        slopes.push_back(view(at.by_features_at(), {rows, 5}));
      }
      view(at.by_inputs_at(), {rows, 2, 3})
          .copy_(torch::autograd::grad(outputs, {graph.leaf}, slopes, true)[0]);
    }
  }

  struct Graph {
    torch::Tensor leaf;
    Shown both;
  };
  std::function<void(Introduction&)> alter_;
  std::function<bool(const Request&)> sabotage_;
  std::string folder_;
  std::string path_;
  int listening_ = -1;
  std::jthread accepting_;
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::jthread> threads_;
  std::map<std::uint64_t, Graph> graphs_;
  std::uint64_t tickets_ = 0;
};

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const ModelError& error) {
    return error.what();
  }
  return "nothing was refused";
}

void expect_says(const std::string& text, std::string_view word) {
  EXPECT_NE(text.find(word), std::string::npos) << text;
}

TEST(PipeModel, AnswersWhatTheNetworkAnswersToTheBit) {
  set_torch_threads(1);
  Answering peer;
  const PipeModel model(peer.path());
  EXPECT_EQ(model.signature(), peer.network.signature());
  const torch::Tensor x = at::rand({7, 2, 3});
  Ledger here;
  Ledger there;
  EXPECT_TRUE(torch::equal(model.logits(x, here), peer.network.logits(x, there)));
  EXPECT_TRUE(torch::equal(model.features(x, here), peer.network.features(x, there)));
  const Model::Loss loss = [](const torch::Tensor& logits) {
    return at::logsumexp(logits, {1}) - logits.select(1, 0);
  };
  const auto one = model.gradient(x, loss, here);
  const auto other = peer.network.gradient(x, loss, there);
  EXPECT_TRUE(torch::equal(one.input, other.input));
  EXPECT_TRUE(torch::equal(one.loss, other.loss));
  const torch::Tensor weights = at::randn({7, 4, 3});
  EXPECT_TRUE(torch::equal(model.jacobian(x, weights, here).rows,
                           peer.network.jacobian(x, weights, there).rows));
  EXPECT_EQ(here, there);
  EXPECT_TRUE(torch::equal(model.output_layer().weight, output_layer(peer.network).weight));
}

TEST(PipeModel, GradientsFlowThroughFeaturesToo) {
  set_torch_threads(1);
  Answering peer;
  const PipeModel model(peer.path());
  ASSERT_TRUE(shows_features(model));
  const torch::Tensor x = at::rand({4, 2, 3});
  const auto slope = [&](const Model& of) {
    const torch::AutoGradMode with_grad(true);
    const torch::Tensor leaf = x.clone().requires_grad_(true);
    // Two passes, one value of both outputs: what adaptive attackers differentiate.
    const Shown first = shown(of, leaf);
    const Shown second = shown(of, leaf * 0.5);
    const torch::Tensor value =
        first.logits.square().sum() + second.features.sum() * first.features.sum();
    return torch::autograd::grad({value}, {leaf})[0];
  };
  EXPECT_TRUE(torch::allclose(slope(model), slope(peer.network), 1e-5, 1e-6));
}

TEST(PipeModel, GraphsAreGivenUp) {
  Answering peer;
  const PipeModel model(peer.path());
  Ledger ledger;
  const torch::Tensor x = at::rand({3, 2, 3});
  for (int i = 0; i < 20; ++i)
    (void)model.gradient(
        x, [](const torch::Tensor& logits) { return logits.select(1, 1); }, ledger);
  (void)model.logits(x, ledger);  // Tells of the last one.
  EXPECT_LE(peer.graphs(), 1U);
}

TEST(PipeModel, ServesManyThreadsWithAnyBatch) {
  set_torch_threads(1);
  Answering peer;
  const PipeModel model(peer.path());
  std::vector<torch::Tensor> inputs;
  for (std::int64_t i = 0; i < 24; ++i) inputs.push_back(at::rand({1 + i * 7 % 13, 2, 3}));
  std::atomic<int> equal{0};
  parallel_for(inputs.size(), [&](std::size_t i) {
    set_torch_threads(1);
    Ledger ledger;
    const Model::Loss loss = [](const torch::Tensor& logits) { return logits.select(1, 2).exp(); };
    const auto one = model.gradient(inputs[i], loss, ledger);
    const auto other = peer.network.gradient(inputs[i], loss, ledger);
    if (torch::equal(one.input, other.input)) ++equal;
  });
  EXPECT_EQ(equal, 24);
  Ledger ledger;
  EXPECT_EQ(model.logits(at::zeros({0, 2, 3}), ledger).size(0), 0);
}

TEST(PipeModel, SaysInOneLineWhatIsWrong) {
  expect_says(refusal([] { PipeModel("/nowhere/model.sock"); }), "no model answers there");
  expect_says(refusal([] { PipeModel(std::string(200, 'x')); }), "1 to 107 bytes");
  const auto altered = [](std::function<void(Introduction&)> alter) {
    const Answering peer(std::move(alter));
    return refusal([&] { PipeModel(peer.path()); });
  };
  expect_says(altered([](Introduction& said) { said.magic = 7; }), "no model of emdyn");
  expect_says(altered([](Introduction& said) { said.version = 9; }), "version 9");
  const std::string nonsense = "makes no sense";
  expect_says(altered([](Introduction& said) { said.dimensions = 9; }), nonsense);
  expect_says(altered([](Introduction& said) { said.shape = {1U << 20U, 1U << 20U}; }), nonsense);
  expect_says(altered([](Introduction& said) { said.shape = {0, 3}; }), nonsense);
  expect_says(altered([](Introduction& said) { said.classes = 1; }), nonsense);
  expect_says(altered([](Introduction& said) { said.high = NAN; }), nonsense);
  expect_says(altered([](Introduction& said) { said.timeout_s = -1; }), nonsense);
  expect_says(altered([](Introduction& said) { said.channels = 1U << 30U; }), nonsense);
  expect_says(altered([](Introduction& said) { said.text_bytes = 99; }), "damaged");
}

TEST(PipeModel, ToldOfDeathSilenceAndNonsenseOfThePeer) {
  std::atomic<bool> broken{false};
  Ledger ledger;
  {
    Answering dies({}, [&](const Request&) { return !broken.load(); });
    const PipeModel model(dies.path());
    broken = true;
    const std::string text = refusal([&] { (void)model.logits(at::rand({2, 2, 3}), ledger); });
    expect_says(text, "the process that owns the model ended");
    EXPECT_EQ(text.find('\n'), std::string::npos);
  }
  broken = false;
  Answering sleeps([](Introduction& said) { said.timeout_s = 1.0; },
                   [&](const Request&) {
                     while (broken) std::this_thread::yield();
                     return true;
                   });
  const PipeModel model(sleeps.path());
  broken = true;
  expect_says(refusal([&] {
                (void)model.logits(at::rand({2, 2, 3}), ledger);
              }),
              "no answer within 1 s");
  broken = false;
}

TEST(PipeModel, RefusesLogitsThatAreNoNumbers) {
  Answering peer;
  const PipeModel model(peer.path());
  Ledger ledger;
  expect_says(refusal([&] { (void)model.logits(at::full({1, 2, 3}, NAN), ledger); }), "not finite");
}

TEST(PipeModel, ABlackBoxHasNoGradient) {
  Answering peer([](Introduction& said) { said.flags = 0; });
  const PipeModel model(peer.path());
  Ledger ledger;
  expect_says(refusal([&] {
                (void)model.gradient(
                    at::rand({1, 2, 3}),
                    [](const torch::Tensor& logits) { return logits.select(1, 0); }, ledger);
              }),
              "black box");
}

}  // namespace
}  // namespace emdyn::model
