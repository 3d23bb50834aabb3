#include "emdyn/model/files/tensor_file.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "emdyn/core/error.hpp"

namespace emdyn::model {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace fs = std::filesystem;

class TensorFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::path(::testing::TempDir()) / (std::string("emdyn-tensor-file-") + info->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  fs::path tensors(const std::string& name, const std::string& header,
                   const std::string& body) const {
    const std::uint64_t length = header.size();
    std::string bytes(8, '\0');
    std::memcpy(bytes.data(), &length, sizeof length);
    return write(name, bytes + header + body);
  }
  static std::string error_of(const fs::path& path) {
    try {
      const TensorFile file(path);
      for (const auto& tensor : file.tensors()) static_cast<void>(file.read(tensor));
    } catch (const DataError& error) {
      return error.what();
    }
    return "no error";
  }
  fs::path folder_;
};

std::string floats(std::initializer_list<float> values) {
  std::string bytes;
  for (const float value : values) bytes.append(reinterpret_cast<const char*>(&value), 4);
  return bytes;
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" +
         offsets + "}";
}

TEST_F(TensorFiles, ReadsOneTensorAtATime) {
  const auto path = tensors(
      "a.safetensors",
      "{" + entry("b", "F32", "[2]", "[4,12]") + "," + entry("a", "BF16", "[1,2]", "[0,4]") + "}",
      std::string("\x80\x3f\x40\xc0", 4) + floats({1.5F, -2.0F}));
  const TensorFile file(path);
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensors()[0].place.name, "a");
  EXPECT_THAT(file.read(file.tensors()[0]), ElementsAre(1.0F, -3.0F));
  EXPECT_THAT(file.read(*file.find("b")), ElementsAre(1.5F, -2.0F));
  EXPECT_EQ(file.find("c"), nullptr);
  EXPECT_THAT(file.find("a")->place.shape, ElementsAre(1, 2));
}

TEST_F(TensorFiles, ReadsPastOneChunk) {
  std::string body;
  for (int i = 0; i < 300'000; ++i) {
    const double value = i;
    body.append(reinterpret_cast<const char*>(&value), 8);
  }
  const auto path =
      tensors("a.safetensors", "{" + entry("a", "F64", "[300000]", "[0,2400000]") + "}", body);
  const TensorFile file(path);
  const auto values = file.read(file.tensors()[0]);
  for (std::size_t i = 0; i < values.size(); ++i) ASSERT_EQ(values[i], static_cast<float>(i));
}

TEST_F(TensorFiles, OtherTypesAreListedButNotRead) {
  const auto path = tensors(
      "a.safetensors",
      "{" + entry("q", "F8_E4M3", "[3]", "[0,3]") + "," + entry("e", "F32", "[0,4]", "[3,3]") + "}",
      "xyz");
  const TensorFile file(path);
  EXPECT_EQ(file.find("q")->place.type, nullptr);
  EXPECT_THROW(static_cast<void>(file.read(*file.find("q"))), DataError);
  EXPECT_TRUE(file.read(*file.find("e")).empty());
}

TEST_F(TensorFiles, FollowsAnIndexAndFolders) {
  tensors("s-1.safetensors",
          "{" + entry("a", "F32", "[1]", "[0,4]") + "," + entry("x", "F32", "[1]", "[4,8]") + "}",
          floats({1.0F, 9.0F}));
  tensors("s-2.safetensors", "{" + entry("b", "F32", "[1]", "[0,4]") + "}", floats({2.0F}));
  const auto index = write("model.safetensors.index.json",
                           R"({"weight_map":{"b":"s-2.safetensors","a":"s-1.safetensors"}})");
  for (const fs::path& path : {index, folder_}) {
    const TensorFile file(path);
    EXPECT_EQ(file.shards(), 2U);
    ASSERT_EQ(file.tensors().size(), 2U) << "what the index does not list is left out";
    EXPECT_THAT(file.read(*file.find("b")), ElementsAre(2.0F));
  }
}

TEST_F(TensorFiles, AnIndexReachesNothingElsewhere) {
  const auto index = [&](const std::string& file) {
    return error_of(write("i.safetensors.index.json", R"({"weight_map":{"a":")" + file + "\"}}"));
  };
  for (const char* file : {"../a.safetensors", "/etc/passwd", "b/a.safetensors", "..", ""}) {
    EXPECT_THAT(index(file), HasSubstr("beside the index")) << file;
  }
  EXPECT_THAT(index("gone.safetensors"), HasSubstr("cannot be opened"));
  tensors("s.safetensors", "{" + entry("b", "F32", "[1]", "[0,4]") + "}", floats({2.0F}));
  EXPECT_THAT(index("s.safetensors"), HasSubstr("tensor a of the index is not in it"));
  EXPECT_THAT(error_of(write("j.safetensors.index.json", "{}")), HasSubstr("no weight_map"));
  EXPECT_THAT(error_of(write("k.safetensors.index.json", "{\"weight_map\":{}}")),
              HasSubstr("lists no tensors"));
  EXPECT_THAT(error_of(folder_), HasSubstr("name the one that is meant"));
}

TEST_F(TensorFiles, NamesTheFault) {
  const std::string four(4, '\0');
  const auto header = [&](const std::string& text, const std::string& body) {
    return error_of(tensors("a.safetensors", text, body));
  };
  const auto one = [&](const std::string& shape, const std::string& offsets,
                       const std::string& body) {
    return header("{" + entry("a", "F32", shape, offsets) + "}", body);
  };
  EXPECT_THAT(error_of(folder_ / "none"), HasSubstr("cannot be opened"));
  EXPECT_THAT(error_of(write("a.safetensors", "")), HasSubstr("too short"));
  EXPECT_THAT(error_of(write("a.safetensors", "short")), HasSubstr("too short"));
  EXPECT_THAT(error_of(write("a.safetensors", std::string(8, '\xff') + "{}")),
              HasSubstr("header would take"));
  EXPECT_THAT(header("[]", ""), HasSubstr("no JSON object"));
  EXPECT_THAT(header("{", ""), HasSubstr("not valid JSON"));
  EXPECT_THAT(header(R"({"a":5})", ""), HasSubstr("needs dtype"));
  EXPECT_THAT(header(R"({"__metadata__":{"a":5}})", ""), HasSubstr("object of texts"));
  EXPECT_THAT(one("[1]", "[0,8]", four + four), HasSubstr("has 8 bytes"));
  EXPECT_THAT(one("[1]", "[0,4]", "xy"), HasSubstr("has no place"));
  EXPECT_THAT(one("[1]", "[4,0]", four), HasSubstr("has no place"));
  EXPECT_THAT(one("[1]", "[0]", four), HasSubstr("has no place"));
  EXPECT_THAT(one("[-1]", "[0,4]", four), HasSubstr("no whole number"));
  EXPECT_THAT(one("[1.5]", "[0,4]", four), HasSubstr("no whole number"));
  EXPECT_THAT(one("[4294967296,4294967296]", "[0,0]", ""), HasSubstr("larger than the file"));
  EXPECT_THAT(one("[1]", "[0,4]", four + "x"), HasSubstr("behind the last tensor"));
  EXPECT_THAT(one("[1]", "[4,8]", four + four), HasSubstr("leaves a gap"));
  EXPECT_THAT(header("{" + entry("a", "F32", "[1]", "[0,4]") + "," +
                         entry("b", "F32", "[1]", "[0,4]") + "}",
                     four),
              HasSubstr("overlaps"));
}

TEST_F(TensorFiles, AFileThatShrinksIsNoticed) {
  const auto path =
      tensors("a.safetensors", "{" + entry("a", "F32", "[2]", "[0,8]") + "}", floats({1.0F, 2.0F}));
  const TensorFile file(path);
  fs::resize_file(path, fs::file_size(path) - 4);
  EXPECT_THROW(static_cast<void>(file.read(file.tensors()[0])), DataError);
}

}  // namespace
}  // namespace emdyn::model
