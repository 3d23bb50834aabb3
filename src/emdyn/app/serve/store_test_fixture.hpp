#pragma once
#include <cmath>
#include <string>

#include "emdyn/collect/store/store.hpp"
#include "emdyn/collect/store/test_folder.hpp"

namespace emdyn::app::serve {

/// A store of a test's own with one long run, a short one and one that is being written.
class TestStore {
 public:
  TestStore() {
    using namespace collect::store;
    Store store = Store::open(folder_.path() / "store", Mode::write);
    series::RunInfo info;
    info.name = "long <run>";
    info.created = 1000.0;
    info.tags = {"first", "sweep"};
    info.configuration = Json{{"lr", 0.1}};
    {
      RunWriter writer = store.create(info);
      long_run = writer.id();
      const SignalId loss = writer.add_signal("train/loss");
      const SignalId accuracy = writer.add_signal("val/acc");
      for (int i = 0; i < 5000; ++i) {
        writer.append(loss, i, i == 2345 ? 99.0 : 1.0 / (1.0 + i), {});
        if (i % 100 == 0) writer.append(accuracy, i, i < 2500 ? 0.1 : 0.9);
      }
      writer.append(loss, 5000, std::nan(""));
      for (int i = 0; i < 3; ++i) writer.record(event(100.0 * i));
      writer.finish();
    }
    info.name = "short";
    info.created = 2000.0;
    info.tags = {};
    RunWriter writer = store.create(info);
    short_run = writer.id();
    writer.append(writer.add_signal("loss"), 1, 2.0);
    writer.finish(series::RunStatus::failed);
  }

  static series::Event event(double position) {
    series::Event event;
    event.signal = "train/loss";
    event.position = position;
    event.detector = "auto";
    event.kind = series::EventKind::spike;
    return event;
  }

  std::filesystem::path path() const { return folder_.path() / "store"; }
  collect::store::Store open(collect::store::Mode mode) const {
    return collect::store::Store::open(path(), mode);
  }

  std::string long_run, short_run;

 private:
  collect::store::TestFolder folder_;
};

}  // namespace emdyn::app::serve
