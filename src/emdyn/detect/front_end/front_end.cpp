#include "emdyn/detect/front_end/front_end.hpp"

namespace emdyn::detect {

FrontEnd::FrontEnd(const Config& config)
    : fresh_(static_cast<std::uint64_t>(checked("front_end", kFields, config).warmup_samples),
             config.scale_memory_samples, config.clip_sigmas),
      filter_(fresh_),
      season_(static_cast<std::size_t>(config.longest_period)) {}

double FrontEnd::update(double sample) noexcept {
  const TrendFilter::Step step = filter_.update(sample, season_.expected());
  season_.learn(sample, step, fresh_, filter_);
  return step.z;
}

void FrontEnd::skip(std::uint64_t count) noexcept {
  season_.skip(count, filter_.prediction());
  filter_.skip(count);
}

void FrontEnd::rearm() noexcept { filter_.rearm(season_.forget()); }

void FrontEnd::reset() noexcept {
  filter_ = fresh_;
  season_.reset();
}

}  // namespace emdyn::detect
