#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "emdyn/core/field.hpp"
#include "emdyn/model/data/moving_digits.hpp"

namespace emdyn::model::lab {

enum class Schedule { constant, cosine, steps };
inline constexpr std::string_view kScheduleWords[] = {"constant", "cosine", "steps"};

/// How a classifier is trained, with Adam (AdamW where weight_decay is not 0).
struct TrainingSettings {
  std::int64_t epochs = 3;
  std::int64_t batch = 64;
  double learning_rate = 1e-3;
  Schedule schedule = Schedule::cosine;
  std::int64_t warmup_steps = 50;
  double weight_decay = 0.0;
  double clip_norm = 5.0;
  std::int64_t log_every = 20;
  std::int64_t seed = 1;
};

/// The fields of TrainingSettings as fields of a config that derives from it.
template <class Config>
constexpr std::array<Field<Config>, 9> training_fields() {
  return {Field<Config>{"epochs", &Config::epochs, 1, 1e5, "passes over the training examples"},
          Field<Config>{"batch", &Config::batch, 1, 65536, "examples a step"},
          Field<Config>{"learning_rate", &Config::learning_rate, 1e-8, 10.0,
                        "the greatest one of the schedule"},
          enum_field<&Config::schedule, Config>(
              "schedule", kScheduleWords,
              "after the warm-up; cosine falls to 0, steps to 1/10 at 1/2 and 1/100 at 3/4"),
          Field<Config>{"warmup_steps", &Config::warmup_steps, 0, 1e9,
                        "steps over which the learning rate rises linearly"},
          Field<Config>{"weight_decay", &Config::weight_decay, 0.0, 10.0, "decoupled, as in AdamW"},
          Field<Config>{"clip_norm", &Config::clip_norm, 0.0, 1e9,
                        "the gradient is scaled down to this norm; 0 leaves it alone"},
          Field<Config>{"log_every", &Config::log_every, 1, 1e9,
                        "steps between rows of training signals"},
          Field<Config>{"seed", &Config::seed, 0, 9e15, "of weights, order and sequences"}};
}

/// A convolutional network for images: two times conv 3×3, ReLU, max-pool 2; two linear layers.
struct CnnConfig : TrainingSettings {
  std::int64_t channels1 = 16;
  std::int64_t channels2 = 32;
  std::int64_t hidden = 100;
  double adversarial_epsilon = 0.0;
  std::int64_t adversarial_steps = 7;
  std::int64_t train_examples = 0;
};

/// The ENN: a convolutional network on each frame, an LSTM over the frames, a linear layer.
struct EnnConfig : TrainingSettings {
  model::data::SequenceTask task = model::data::SequenceTask::direction;
  std::int64_t frames = 5;
  std::int64_t canvas = 32;
  std::int64_t channels1 = 8;
  std::int64_t channels2 = 16;
  std::int64_t hidden = 64;
  std::int64_t train_sequences = 60000;
  std::int64_t test_sequences = 4000;
};

namespace config_detail {
template <class Item, std::size_t A, std::size_t B>
constexpr std::array<Item, A + B> joined(const std::array<Item, A>& a,
                                         const std::array<Item, B>& b) {
  return [&]<std::size_t... I, std::size_t... J>(std::index_sequence<I...>,
                                                 std::index_sequence<J...>) {
    return std::array<Item, A + B>{a[I]..., b[J]...};
  }
  (std::make_index_sequence<A>{}, std::make_index_sequence<B>{});
}
}  // namespace config_detail

inline constexpr auto kCnnFields = config_detail::joined(
    std::array{
        Field<CnnConfig>{"channels1", &CnnConfig::channels1, 1, 1024, "of the first convolution"},
        Field<CnnConfig>{"channels2", &CnnConfig::channels2, 1, 1024, "of the second convolution"},
        Field<CnnConfig>{"hidden", &CnnConfig::hidden, 1, 65536, "units before the last layer"},
        Field<CnnConfig>{"adversarial_epsilon", &CnnConfig::adversarial_epsilon, 0.0, 1.0,
                         "trains on PGD examples of this size (maximum norm, in units of the "
                         "input box); 0: on clean ones"},
        Field<CnnConfig>{"adversarial_steps", &CnnConfig::adversarial_steps, 1, 1000,
                         "PGD steps of each training example, of size 2.5 epsilon / steps"},
        Field<CnnConfig>{"train_examples", &CnnConfig::train_examples, 0, 1e9,
                         "only the first ones; 0: all"}},
    training_fields<CnnConfig>());

inline constexpr auto kEnnFields = config_detail::joined(
    std::array{
        enum_field<&EnnConfig::task, EnnConfig>(
            "task", model::data::kSequenceTaskWords,
            "the label: way of moving, digit, or random frames with random labels"),
        Field<EnnConfig>{"frames", &EnnConfig::frames, 2, 64, "frames of a sequence"},
        Field<EnnConfig>{"canvas", &EnnConfig::canvas, 12, 256, "pixels a side of a frame"},
        Field<EnnConfig>{"channels1", &EnnConfig::channels1, 1, 1024, "of the first convolution"},
        Field<EnnConfig>{"channels2", &EnnConfig::channels2, 1, 1024, "of the second convolution"},
        Field<EnnConfig>{"hidden", &EnnConfig::hidden, 1, 65536, "units of the LSTM"},
        Field<EnnConfig>{"train_sequences", &EnnConfig::train_sequences, 1, 1e9,
                         "made from the training images"},
        Field<EnnConfig>{"test_sequences", &EnnConfig::test_sequences, 1, 1e6,
                         "made from the test images"}},
    training_fields<EnnConfig>());

/// Defaults overwritten by `params`. @throws ConfigError naming the setting that is wrong.
CnnConfig cnn_config(const Params& params);
EnnConfig enn_config(const Params& params);

}  // namespace emdyn::model::lab
