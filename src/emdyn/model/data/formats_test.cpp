#include <gmock/gmock.h>
#include <png.h>
#include <zlib.h>

#include <cstdio>
#include <fstream>
#include <functional>
// It needs <cstdio> before it.
#include <jpeglib.h>

#include "emdyn/core/error.hpp"
#include "emdyn/core/gzip.hpp"
#include "emdyn/model/data/image.hpp"
#include "emdyn/model/data/image_folder.hpp"
#include "emdyn/model/data/load.hpp"
#include "emdyn/model/data/npy.hpp"
#include "emdyn/model/data/table.hpp"

namespace emdyn::model::data {
namespace {

using std::string_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

std::string error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const DataError& error) {
    return error.what();
  }
  return "no error";
}

std::string npy(const std::string& header, const std::string& body) {
  const std::string text = header + "\n";
  return "\x93NUMPY\x01"s + '\0' + static_cast<char>(text.size() & 0xFF) +
         static_cast<char>(text.size() >> 8) + text + body;
}

std::string header(const std::string& descr, const std::string& shape) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
}

std::string png(std::int64_t channels, std::vector<unsigned char> pixels, std::uint32_t width) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = width;
  image.height =
      static_cast<std::uint32_t>(pixels.size() / static_cast<std::size_t>(channels)) / width;
  image.format = channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  std::size_t size = 0;
  png_image_write_to_memory(&image, nullptr, &size, 0, pixels.data(), 0, nullptr);
  std::string bytes(size, '\0');
  EXPECT_NE(png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr),
            0);
  bytes.resize(size);
  return bytes;
}

/// One grey pixel of 16 bits, without a word about gamma.
std::string png16(unsigned value) {
  std::string bytes;
  png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(writer);
  png_set_write_fn(
      writer, &bytes,
      [](png_structp to, png_bytep data, png_size_t size) {
        static_cast<std::string*>(png_get_io_ptr(to))
            ->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  png_set_IHDR(writer, info, 1, 1, 16, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(writer, info);
  const png_byte row[2] = {static_cast<png_byte>(value >> 8), static_cast<png_byte>(value & 0xFF)};
  png_write_row(writer, row);
  png_write_end(writer, info);
  png_destroy_write_struct(&writer, &info);
  return bytes;
}

std::string jpeg(unsigned char grey) {
  jpeg_compress_struct out;
  jpeg_error_mgr errors;
  out.err = jpeg_std_error(&errors);
  jpeg_create_compress(&out);
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&out, &buffer, &size);
  out.image_width = out.image_height = 16;
  out.input_components = 1;
  out.in_color_space = JCS_GRAYSCALE;
  jpeg_set_defaults(&out);
  jpeg_start_compress(&out, TRUE);
  std::vector<unsigned char> pixels(16, grey);
  JSAMPROW row = pixels.data();
  for (int i = 0; i < 16; ++i) jpeg_write_scanlines(&out, &row, 1);
  jpeg_finish_compress(&out);
  jpeg_destroy_compress(&out);
  std::string bytes(reinterpret_cast<char*>(buffer), size);
  std::free(buffer);
  return bytes;
}

class Folder : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }

  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) /
                                  ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST(Npy, ReadsTypesAndByteOrders) {
  const Array bytes = parse_npy(npy(header("|u1", "(2, 3)"), "\1\2\3\4\5\6"), "x");
  EXPECT_THAT(bytes.shape, ElementsAre(2, 3));
  EXPECT_TRUE(bytes.bytes);
  EXPECT_THAT(bytes.values, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(parse_npy(npy(header("<f4", "(1,)"), "\0\0\xc0\x3f"s), "x").values,
              ElementsAre(1.5F));
  EXPECT_THAT(parse_npy(npy(header(">f8", "(1,)"), "\xbf\xf8\0\0\0\0\0\0"s), "x").values,
              ElementsAre(-1.5F));
  EXPECT_THAT(parse_npy(npy(header("<f2", "(1,)"), "\x00\x3c"s), "x").values, ElementsAre(1.0F));
  EXPECT_THAT(parse_npy(npy(header(">i2", "(2,)"), "\xff\xfe\0\1"s), "x").values,
              ElementsAre(-2.0F, 1.0F));
  EXPECT_THAT(
      parse_npy(npy(header("<i8", "(2,)"), "\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0"s), "x", 1).values,
      ElementsAre(1.0F))
      << "a limit";
}

TEST(Npy, NamesTheFault) {
  const auto error = [](const std::string& bytes) {
    return error_of([&] { (void)parse_npy(bytes, "x"); });
  };
  EXPECT_THAT(error("nothing"), HasSubstr("no npy file"));
  EXPECT_THAT(error(npy(header("|O", "(1,)"), "x")), HasSubstr("type |O is not read"));
  EXPECT_THAT(error(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", "1234")),
              HasSubstr("column-major"));
  EXPECT_THAT(error(npy(header("<f4", "(2,)"), "1234")), HasSubstr("truncated"));
  EXPECT_THAT(error(npy(header("|u1", "(99999999999, 99999999999)"), "1")),
              HasSubstr("claims more values"));
  EXPECT_THAT(error(npy(header("|u1", "(-1,)"), "1")), HasSubstr("whole numbers"));
  EXPECT_THAT(error(npy("{}", "")), HasSubstr("has no descr"));
  const std::string whole = npy(header("<f4", "(1,)"), "1234");
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_NE(error(whole.substr(0, length)), "no error") << length;
}

TEST(Npz, WritesWhatItReads) {
  const Dataset dataset{
      .name = "x", .shape = {1, 1, 2}, .values = {0, 1, 0.2F, 0.4F}, .labels = {3, 0}};
  const Dataset back = parse_npz(npz_bytes(dataset), "x");
  EXPECT_EQ(back.shape, dataset.shape);
  EXPECT_EQ(back.labels, dataset.labels);
  EXPECT_THAT(back.values, ElementsAre(0.0F, 1.0F, FloatEq(0.2F), FloatEq(0.4F)));
}

TEST(Npz, KeepsFloatsToTheLastBit) {
  const Dataset dataset{
      .name = "x", .shape = {2}, .values = {0.1F, -3.0F, 1e-9F, 7.5F}, .labels = {3, 0}};
  const Dataset back =
      parse_npz(npz_of_floats(dataset, {.index = {7, 12}, .distance = {0.5, 0.25}}), "x");
  EXPECT_EQ(back.shape, dataset.shape);
  EXPECT_EQ(back.labels, dataset.labels);
  EXPECT_EQ(back.values, dataset.values);
  EXPECT_EQ(parse_npz(npz_of_floats(dataset), "x").values, dataset.values);
}

TEST(Npz, ChoosesTheSplit) {
  const std::string bytes = zip_bytes({{"x_train.npy", npy(header("|u1", "(1, 1)"), "\1")},
                                       {"x_test.npy", npy(header("|u1", "(1, 1)"), "\xff")},
                                       {"y_test.npy", npy(header("|u1", "(1,)"), "\4")}});
  EXPECT_THAT(parse_npz(bytes, "x", "test").values, ElementsAre(1.0F));
  EXPECT_THAT(parse_npz(bytes, "x", "test").labels, ElementsAre(4));
  EXPECT_THAT(parse_npz(bytes, "x", "train").values, ElementsAre(FloatEq(1.0F / 255.0F)));
  EXPECT_TRUE(parse_npz(bytes, "x", "train").labels.empty());
  EXPECT_THAT(error_of([] {
                (void)parse_npz(zip_bytes({{"a.npy", npy(header("|u1", "(1,)"), "\1")}}), "x");
              }),
              HasSubstr("it holds a;"));
}

TEST(Zip, ReadsADeflatedEntry) {
  const std::string text(20'000, 'a');
  std::string packed(200, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  ASSERT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  const std::string archive = zip_bytes({{"a", text}});
  ZipEntry entry = zip_entries(archive, "x").at(0);
  entry.packed = packed;
  entry.deflated = true;
  EXPECT_EQ(unzip(entry, "x"), text);
  for (const std::uint64_t lie : {text.size() - 1, text.size() + 1}) {
    entry.size = lie;
    EXPECT_THROW(unzip(entry, "x"), DataError) << lie;
  }
  entry.size = text.size();
  entry.packed = std::string_view(packed).substr(0, packed.size() / 2);
  EXPECT_THAT(error_of([&] { (void)unzip(entry, "x"); }), HasSubstr("x: a:"));
}

void put(std::string& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
}

/// One stored file of an archive whose sizes and places all stand in 64-bit fields, as archives
/// beyond 4 GiB have them. @param told the size that the directory tells.
std::string zip64(const std::string& name, const std::string& content, std::uint64_t told,
                  std::size_t extra_bytes = 24) {
  const auto checksum = static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const unsigned char*>(content.data()), content.size()));
  const auto common = [&](std::string& out, std::size_t extra) {
    put(out, 45, 2);
    put(out, 0, 4);  // Flags; stored.
    put(out, 0, 4);
    put(out, checksum, 4);
    put(out, 0xFFFFFFFF, 4);
    put(out, 0xFFFFFFFF, 4);
    put(out, name.size(), 2);
    put(out, extra, 2);
  };
  std::string out = "PK\x03\x04";
  common(out, 20);
  out += name;
  put(out, 1, 2);
  put(out, 16, 2);
  put(out, content.size(), 8);
  put(out, content.size(), 8);
  out += content;
  const std::uint64_t directory = out.size();
  out += "PK\x01\x02";
  put(out, 45, 2);
  common(out, 4 + extra_bytes);
  put(out, 0, 2);  // Comment, disk, attributes.
  put(out, 0, 2);
  put(out, 0, 2);
  put(out, 0, 4);
  put(out, 0xFFFFFFFF, 4);
  out += name;
  put(out, 1, 2);
  put(out, extra_bytes, 2);
  std::string wide;
  put(wide, told, 8);
  put(wide, told, 8);
  put(wide, 0, 8);
  out += wide.substr(0, extra_bytes);
  const std::uint64_t end = out.size();
  out += "PK\x06\x06";
  put(out, 44, 8);
  put(out, 45, 2);
  put(out, 45, 2);
  put(out, 0, 8);
  put(out, 1, 8);
  put(out, 1, 8);
  put(out, end - directory, 8);
  put(out, directory, 8);
  out += "PK\x06\x07";
  put(out, 0, 4);
  put(out, end, 8);
  put(out, 1, 4);
  out += "PK\x05\x06";
  put(out, 0, 4);
  put(out, 0xFFFF, 2);
  put(out, 0xFFFF, 2);
  put(out, 0xFFFFFFFF, 4);
  put(out, 0xFFFFFFFF, 4);
  put(out, 0, 2);
  return out;
}

TEST(Zip, SixtyFourBitFieldsAreRead) {
  const std::string content = npy(header("|u1", "(2, 2)"), "\1\2\3\4");
  const std::string archive = zip64("x.npy", content, content.size());
  EXPECT_THAT(parse_npz(archive, "x").values, ElementsAre(FloatEq(1 / 255.F), FloatEq(2 / 255.F),
                                                          FloatEq(3 / 255.F), FloatEq(4 / 255.F)));
  EXPECT_THAT(
      error_of([&] { (void)parse_npz(zip64("x.npy", content, std::uint64_t{1} << 40), "x"); }),
      HasSubstr("offset is wrong"))
      << "a size beyond the archive";
  EXPECT_THAT(error_of([&] { (void)parse_npz(zip64("x.npy", content, content.size(), 8), "x"); }),
              HasSubstr("a 64-bit size is missing"));
  for (std::size_t length = 0; length < archive.size(); ++length)
    EXPECT_THROW(parse_npz(archive.substr(0, length), "x"), DataError) << length;
}

TEST(Zip, DamageIsRefused) {
  const std::string whole = zip_bytes({{"x.npy", npy(header("|u1", "(2, 2)"), "\1\2\3\4")}});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THROW(parse_npz(whole.substr(0, length), "x"), DataError) << length;
  }
  std::string flipped = whole;
  const auto at = flipped.find("\1\2\3\4");
  flipped[at] = 9;
  EXPECT_THAT(error_of([&] { (void)parse_npz(flipped, "x"); }), HasSubstr("checksum"));
  const ZipEntry bomb{"b", "tiny", std::uint64_t{1} << 40, 0, true};
  EXPECT_THAT(error_of([&] { (void)unzip(bomb, "x"); }), HasSubstr("claims to unpack"));
}

TEST(Image, ReadsGreyAndColours) {
  const std::string grey = png(1, {0, 51, 255, 102}, 2);
  EXPECT_EQ(image_info(grey, "x"), (ImageInfo{2, 2, 1}));
  EXPECT_THAT(read_image(grey, 1, "x"), ElementsAre(0.0F, FloatEq(0.2F), 1.0F, FloatEq(0.4F)));
  EXPECT_EQ(read_image(grey, 3, "x").size(), 12U);
  const std::string colour = png(3, {255, 0, 0, 0, 255, 0}, 2);
  EXPECT_EQ(image_info(colour, "x"), (ImageInfo{1, 2, 3}));
  EXPECT_THAT(read_image(colour, 3, "x"), ElementsAre(1, 0, 0, 1, 0, 0)) << "[channel, h, w]";
  const std::string photograph = jpeg(102);
  EXPECT_EQ(image_info(photograph, "x"), (ImageInfo{16, 16, 1}));
  EXPECT_THAT(read_image(photograph, 1, "x"), ::testing::Each(FloatEq(0.4F)));
}

TEST(Image, DamageIsRefused) {
  for (const std::string& whole : {png(1, {0, 51, 255, 102}, 2), jpeg(102)}) {
    EXPECT_THROW(read_image(whole.substr(0, whole.size() / 2), 1, "x"), DataError);
    EXPECT_THROW(read_image(whole.substr(0, 8), 1, "x"), DataError);
  }
  EXPECT_THAT(error_of([] { (void)image_info("GIF89a", "x"); }), HasSubstr("neither PNG nor"));
  std::string huge = png(1, {0, 51, 255, 102}, 2);
  huge.replace(16, 8, "\0\1\0\0\0\1\0\0"s);  // 65,536 by 65,536.
  EXPECT_THROW(image_info(huge, "x"), DataError);
}

/// A PNG of 2 by 2 pixels whose header says another size, and is sound.
std::string promising(std::uint32_t width, std::uint32_t height) {
  std::string bytes = png(1, {0, 51, 255, 102}, 2);
  const auto big_endian = [&](std::size_t at, std::uint32_t number) {
    for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(number >> (24 - 8 * i));
  };
  big_endian(16, width);
  big_endian(20, height);
  // The checksum covers the chunk's name and its 13 bytes.
  big_endian(29, static_cast<std::uint32_t>(
                     crc32(0, reinterpret_cast<const unsigned char*>(bytes.data()) + 12, 17)));
  return bytes;
}

TEST(Image, ItsShapeIsCheckedBeforeItIsUnpacked) {
  EXPECT_EQ(image_info(promising(100, 100), "x"), (ImageInfo{100, 100, 1}));
  EXPECT_THAT(error_of([] { (void)image_info(promising(4096, 4097), "x"); }),
              HasSubstr("too many (at most 16384 a side and 16777216 in all)"));
  EXPECT_THAT(error_of([] { (void)image_info(promising(4096, 4096), "x"); }),
              HasSubstr("bytes cannot hold the 4096 by 4096 pixels"));
}

TEST_F(Folder, OfPicturesIsOneClassASubFolder) {
  write("cat/1.png", png(1, {0, 0, 0, 0}, 2));
  write("cat/2.png", png(1, {255, 255, 255, 255}, 2));
  write("ant/1.png", png(3, std::vector<unsigned char>(12, 51), 2));
  write("ant/notes.txt", "no picture");
  const Dataset dataset = load(folder_);
  EXPECT_THAT(dataset.classes, ElementsAre("ant", "cat"));
  EXPECT_THAT(dataset.labels, ElementsAre(0, 1, 1)) << "classes take turns";
  EXPECT_THAT(dataset.shape, ElementsAre(3, 2, 2)) << "one has colours";
  EXPECT_EQ(load(folder_, {.limit = 2}).size(), 2U);
  write("cat/3.png", png(1, {0, 0}, 2));
  EXPECT_THAT(error_of([&] { (void)load(folder_); }), HasSubstr("equally large"));
  EXPECT_THAT(error_of([&] { (void)load(folder_, {.split = Split::train}); }),
              HasSubstr("no train part"));
}

TEST_F(Folder, MayHaveTwoParts) {
  write("train/a/1.png", png(1, {0}, 1));
  write("val/a/1.png", png(1, {255}, 1));
  EXPECT_THAT(load(folder_, {.split = Split::train}).values, ElementsAre(0.0F));
  EXPECT_THAT(load(folder_).values, ElementsAre(1.0F));
}

TEST_F(Folder, OfPicturesHasOneListOfClasses) {
  for (const char* name :
       {"train/a/1.png", "train/b/1.png", "train/c/1.png", "test/a/1.png", "test/c/1.png"})
    write(name, png(1, {0}, 1));
  write("test/.ipynb_checkpoints/1.png", png(1, {0}, 1));
  write("test/__MACOSX/1.png", png(1, {0}, 1));
  const Dataset test = load(folder_, {.split = Split::test});
  EXPECT_THAT(test.classes, ElementsAre("a", "b", "c"));
  EXPECT_THAT(test.labels, ElementsAre(0, 2)) << "b is a class of the training part only";
  std::filesystem::create_directories(folder_ / "test" / "bb");  // Empty, and yet a class.
  EXPECT_THAT(load(folder_ / "test").classes, ElementsAre("a", "bb", "c"));
}

TEST(Image, SixteenBitsAreNoLinearLight) {
  const std::string eight = png(1, {51}, 1);
  EXPECT_NEAR(read_image(png16(51 * 257), 1, "x")[0], read_image(eight, 1, "x")[0], 1e-6F);
}

TEST(Table, LabelsAreNumbersOrWords) {
  const Dataset numbers = parse_table("a,label,b\n1,2,3\n4,0,6\n", "x");
  EXPECT_THAT(numbers.shape, ElementsAre(2));
  EXPECT_THAT(numbers.values, ElementsAre(1, 3, 4, 6));
  EXPECT_THAT(numbers.labels, ElementsAre(2, 0));
  const Dataset words = parse_table("kind;a\r\n\"dog\";1\r\ncat;2\r\n", "x", "kind");
  EXPECT_THAT(words.classes, ElementsAre("cat", "dog"));
  EXPECT_THAT(words.labels, ElementsAre(1, 0));
  EXPECT_TRUE(parse_table("a,b\n1,2\n", "x").labels.empty());
  EXPECT_EQ(parse_table("a,b\n1,2\n3,4\n", "x", "", 1).size(), 1U);
}

TEST(Table, NamesTheFault) {
  const auto error = [](const std::string& text, const std::string& label = "") {
    return error_of([&] { (void)parse_table(text, "x", label); });
  };
  EXPECT_THAT(error("a,b\n1,x\n"), HasSubstr("x:2: column b holds \"x\""));
  EXPECT_THAT(error("a,b\n1\n"), HasSubstr("x:2: 1 cells, the header has 2"));
  EXPECT_THAT(error("a,b\n1,2\n", "c"), HasSubstr("no column c; there are a, b"));
  EXPECT_THAT(error("a,b\n"), HasSubstr("no rows"));
  EXPECT_THAT(error(""), HasSubstr("no rows"));
  EXPECT_THAT(error("label\n1\n"), HasSubstr("no feature"));
  EXPECT_THAT(error("a,b\n\"1,2\n"), HasSubstr("quote"));
}

TEST_F(Folder, FilesAreToldByTheirContent) {
  write("a", npy(header("|u1", "(1, 1)"), "\xff"));
  EXPECT_THAT(load(folder_ / "a").values, ElementsAre(1.0F));
  write("b", zip_bytes({{"x.npy", npy(header("|u1", "(1, 1)"), "\xff")}}));
  EXPECT_THAT(load(folder_ / "b").values, ElementsAre(1.0F));
  write_gzip(folder_ / "c", "a,b\n1,2\n");
  EXPECT_THAT(load(folder_ / "c").values, ElementsAre(1.0F, 2.0F));
  write("d", "\0\0\x08\x02\0\0\0\1\0\0\0\1\xff"s);
  EXPECT_THAT(load(folder_ / "d").values, ElementsAre(1.0F));
  write("e",
        "\x7f"
        "ELF\0\0"s);
  EXPECT_THAT(error_of([&] { (void)load(folder_ / "e"); }), HasSubstr("no format that is read"));
}

}  // namespace
}  // namespace emdyn::model::data
