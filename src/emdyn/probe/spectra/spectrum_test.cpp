#include "emdyn/probe/spectra/spectrum.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "emdyn/core/error.hpp"
#include "emdyn/core/parallel.hpp"
#include "emdyn/probe/test_matrices.hpp"

namespace emdyn::probe {
namespace {

TEST(Spectrum, ByHand) {
  // [[3, 0], [4, 5]] has singular values 3√5 and √5.
  const std::vector<double> data = {3, 0, 4, 5};
  const Spectrum found = spectrum(view(data, 2, 2));
  EXPECT_NEAR(found.eigenvalues[0], 45.0, 1e-12);
  EXPECT_NEAR(found.eigenvalues[1], 5.0, 1e-12);
  const RankMeasures measures = rank_measures(found);
  EXPECT_NEAR(measures.frobenius_norm, std::sqrt(50.0), 1e-12);
  EXPECT_NEAR(measures.spectral_norm, 3.0 * std::sqrt(5.0), 1e-12);
  EXPECT_NEAR(measures.log_norm, 0.5 * std::log10(50.0), 1e-12);
  EXPECT_NEAR(measures.stable_rank, 50.0 / 45.0, 1e-12);
  EXPECT_NEAR(measures.participation_ratio, 2500.0 / 2050.0, 1e-12);
  // Shares 3/4 and 1/4 of the singular values: exp(−(¾ ln ¾ + ¼ ln ¼)) = 4/3^(3/4).
  EXPECT_NEAR(measures.effective_rank, 4.0 / std::pow(3.0, 0.75), 1e-12);
  EXPECT_EQ(measures.numerical_rank, 2U);
}

TEST(Spectrum, EqualSingularValuesHaveFullRanks) {
  std::vector<float> identity(64, 0.0F);
  for (std::size_t i = 0; i < 8; ++i) identity[9 * i] = -2.0F;
  const RankMeasures measures = rank_measures(spectrum(view(identity, 8, 8)));
  EXPECT_NEAR(measures.stable_rank, 8.0, 1e-12);
  EXPECT_NEAR(measures.effective_rank, 8.0, 1e-12);
  EXPECT_NEAR(measures.participation_ratio, 8.0, 1e-12);
  EXPECT_EQ(measures.numerical_rank, 8U);
}

TEST(Spectrum, TransposeAndOrientationDoNotMatter) {
  const auto data = normal_entries(40 * 12, 5);
  const Spectrum tall = spectrum(view(data, 40, 12));
  const Spectrum wide = spectrum(math::MatrixView<double>{data.data(), 12, 40, 1, 12});
  ASSERT_EQ(tall.eigenvalues.size(), 12U);
  EXPECT_EQ(tall.larger(), 40U);
  for (std::size_t i = 0; i < 12; ++i) {
    EXPECT_NEAR(tall.eigenvalues[i], wide.eigenvalues[i], 1e-10);
  }
}

TEST(Spectrum, OneRowOrOneColumnIsOneValue) {
  const std::vector<float> data = {3, 4};
  for (const std::size_t rows : {1U, 2U}) {
    const Spectrum found = spectrum(view(data, rows, 2 / rows));
    ASSERT_EQ(found.eigenvalues.size(), 1U);
    EXPECT_DOUBLE_EQ(found.eigenvalues[0], 25.0);
    EXPECT_DOUBLE_EQ(rank_measures(found).effective_rank, 1.0);
  }
}

TEST(Spectrum, RankOneIsSeenAsSuch) {
  std::vector<double> data;
  for (int i = 0; i < 30; ++i) {
    for (int j = 0; j < 20; ++j) data.push_back((i + 1) * (j - 7.5));
  }
  const RankMeasures measures = rank_measures(spectrum(view(data, 30, 20)));
  EXPECT_EQ(measures.numerical_rank, 1U);
  EXPECT_NEAR(measures.stable_rank, 1.0, 1e-9);
}

TEST(Spectrum, ZerosHaveNoRankAndNaNHasNone) {
  const std::vector<float> zeros(12, 0.0F);
  const RankMeasures none = rank_measures(spectrum(view(zeros, 3, 4)));
  EXPECT_EQ(none.stable_rank, 0.0);
  EXPECT_EQ(none.effective_rank, 0.0);
  EXPECT_EQ(none.numerical_rank, 0U);
  EXPECT_EQ(none.spectral_norm, 0.0);
  EXPECT_TRUE(std::isinf(none.log_norm));
  const std::vector<float> broken(12, NAN);
  const Spectrum nan = spectrum(view(broken, 3, 4));
  EXPECT_FALSE(nan.finite());
  EXPECT_EQ(nan.eigenvalues.size(), 3U);
  EXPECT_TRUE(std::isnan(rank_measures(nan).stable_rank));
  EXPECT_TRUE(std::isnan(rank_measures(nan).effective_rank));
  EXPECT_TRUE(Json(rank_measures(nan))["stable_rank"].is_null());
}

TEST(Spectrum, DoesNotDependOnThreadsAndRefusesNothing) {
  const auto data = normal_entries<float>(300 * 50, 2);
  const Spectrum free = spectrum(view(data, 300, 50));
  const ThreadLimit one(1);
  EXPECT_EQ(spectrum(view(data, 300, 50)).eigenvalues, free.eigenvalues);
  EXPECT_THROW(spectrum(math::MatrixView<float>{}), DataError);
  EXPECT_THROW(spectrum(math::MatrixView<float>{data.data(), 0, 4, 4, 1}), DataError);
}

TEST(Spectrum, FrobeniusNormHonoursStrides) {
  const std::vector<float> data = {3, 9, 4, 9};
  EXPECT_DOUBLE_EQ(frobenius_norm(math::MatrixView<float>{data.data(), 2, 1, 2, 1}), 5.0);
  EXPECT_DOUBLE_EQ(frobenius_norm(math::MatrixView<float>{data.data(), 1, 2, 4, 2}), 5.0);
  EXPECT_DOUBLE_EQ(frobenius_norm(math::MatrixView<float>{}), 0.0);
}

TEST(Spectrum, EffectiveRankByHand) {
  const std::vector<double> identity = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_NEAR(effective_rank(math::matrix_view(identity.data(), 3, 3)), 3.0, 1e-12);
  // Singular values 3 and 1: exp(-(3/4 ln 3/4 + 1/4 ln 1/4)) = 4 / 3^(3/4).
  const std::vector<double> diagonal = {3, 0, 0, 1};
  EXPECT_NEAR(effective_rank(math::matrix_view(diagonal.data(), 2, 2)), 4.0 / std::pow(3.0, 0.75),
              1e-12);
  const std::vector<double> one = {1, 2, 3, 2, 4, 6};
  EXPECT_NEAR(effective_rank(math::matrix_view(one.data(), 2, 3)), 1.0, 1e-6);
  const std::vector<double> zero(4, 0.0);
  EXPECT_EQ(effective_rank(math::matrix_view(zero.data(), 2, 2)), 0.0);
}

TEST(Spectrum, EffectiveRankIgnoresScaleAndTranspose) {
  auto data = normal_entries(60, 3);
  const double rank = effective_rank(math::matrix_view(data.data(), 6, 10));
  EXPECT_NEAR(effective_rank(math::MatrixView<double>{data.data(), 10, 6, 1, 10}), rank, 1e-9);
  for (double& value : data) value *= -17.0;
  EXPECT_NEAR(effective_rank(math::matrix_view(data.data(), 6, 10)), rank, 1e-9);
  EXPECT_LE(rank, 6.0);
}

}  // namespace
}  // namespace emdyn::probe
