#include "emdyn/emergence/transition.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>

#include "emdyn/core/philox.hpp"

namespace emdyn::emergence {
namespace {

TEST(Sim, Sweep) {
  struct Case {
    const char* name;
    int n;
    std::function<double(int, int, Philox&, double&)> f;
  };
  auto ar = [](double phi) {
    return [phi](int i, int, Philox& r, double& s) {
      if (i == 0) {
        s = r.normal() / std::sqrt(1 - phi * phi + 1e-9) * (phi < 1);
        return s;
      }
      return s = phi * s + r.normal();
    };
  };
  std::vector<Case> cases;
  for (int n : {200, 500, 2000})
    for (double phi : {0.0, .5, .9, .97}) {
      static char names[64][64];
      static int k = 0;
      std::snprintf(names[k], 64, "ar %.2f n %d", phi, n);
      cases.push_back({names[k++], n, ar(phi)});
    }
  cases.push_back({"rw 300", 300, ar(1.0)});
  cases.push_back({"rw 1000", 1000, ar(1.0)});
  cases.push_back({"ar.9 n40", 40, ar(.9)});
  cases.push_back({"linear drift", 400,
                   [](int i, int n, Philox& r, double&) { return 5.0 * i / n + r.normal(); }});
  cases.push_back({"power loss", 400, [](int i, int n, Philox& r, double&) {
                     return 4 * std::pow((i + 1.0) / n, -.2) + .05 * r.normal();
                   }});
  cases.push_back({"half cosine", 400, [](int i, int n, Philox& r, double&) {
                     return -2 * std::cos(M_PI * i / n) + .3 * r.normal();
                   }});
  cases.push_back({"full sine", 400, [](int i, int n, Philox& r, double&) {
                     return 2 * std::sin(2 * M_PI * i / n) + .3 * r.normal();
                   }});
  cases.push_back({"rw+white", 400, [](int i, int, Philox& r, double& s) {
                     s = i == 0 ? 0 : s + .2 * r.normal();
                     return s + r.normal();
                   }});
  cases.push_back({"chance acc", 300, [](int, int, Philox& r, double&) {
                     int c = 0;
                     for (int k = 0; k < 500; ++k) c += r.below(50) == 0;
                     return c / 500.0;
                   }});
  cases.push_back({"t3 ar.8", 400, [](int i, int, Philox& r, double& s) {
                     double z = r.normal(), a = r.normal(), b = r.normal(), c = r.normal();
                     double t = z / std::sqrt((a * a + b * b + c * c) / 3);
                     s = i == 0 ? t : .8 * s + t;
                     return s;
                   }});
  cases.push_back({"saturating", 400, [](int i, int n, Philox& r, double&) {
                     return 1 - std::exp(-8.0 * i / n) + .03 * r.normal();
                   }});
  const int reps = 30;
  for (auto& c : cases) {
    int found = 0, p05 = 0, g6 = 0;
    int kinds[6] = {};
    double time = 0;
    for (int k = 0; k < reps; ++k) {
      Philox r(static_cast<std::uint64_t>(1000 + k), 7);
      double s = 0;
      std::vector<double> x, y;
      for (int i = 0; i < c.n; ++i) {
        x.push_back(i * 10.0);
        y.push_back(c.f(i, c.n, r, s));
      }
      auto t0 = std::chrono::steady_clock::now();
      auto fit = fit_transition("y", series::Axis::step, x, y);
      time += std::chrono::duration<double>(std::chrono::steady_clock::now() - t0).count();
      found += fit.transition.kind != series::TransitionKind::none;
      p05 += *fit.transition.evidence.p_value <= .05;
      g6 += *fit.transition.evidence.bic_gain >= 6;
      if (fit.transition.kind != series::TransitionKind::none)
        kinds[(int)fit.transition.model == 0 ? 0 : (int)fit.transition.model - 1]++;
    }
    std::printf(
        "%-14s declared %3d  p<=.05 %3d  gain>=6 %3d   sig %d jump %d kink %d rc %d  %.0f ms\n",
        c.name, found, p05, g6, kinds[1], kinds[2], kinds[3], kinds[4], 1e3 * time / reps);
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace emdyn::emergence
