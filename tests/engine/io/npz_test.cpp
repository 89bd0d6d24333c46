#include "engine/io/npz.hpp"

#include <cstdlib>
#include <fstream>
#include <string>

#include "engine/core/error.hpp"
#include "engine/io/file.hpp"
#include "engine/io/npy.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace moonstill;
using moonstill::test::TemporaryFolder;

namespace {

std::vector<std::byte> bytes_from(const std::string& text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

// Version 1.0 with a header that numpy could have written.
std::vector<std::byte> npy_of(const std::string& header, const std::string& elements) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size());
  text += '\0';
  return bytes_from(text + header + elements);
}

std::string reason(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::io);
    return error.what();
  }
  return "no error";
}

std::string npy_reason(const std::string& header, const std::string& elements) {
  return reason([&] { (void)io::decode_npy(npy_of(header, elements), "f"); });
}

io::TensorMap sample_arrays() {
  const std::vector<double> values{0, 1, 2, 3, 250, 5};
  return {{"f4", Tensor::from(values, {2, 3}, DType::f32)},
          {"f8", Tensor::from(values, {3, 1, 2}, DType::f64)},
          {"i4", Tensor::from(values, {6}, DType::i32)},
          {"u1", Tensor::from(values, {6, 1}, DType::u8)},
          {"one", Tensor::scalar(0.1, DType::f64)},
          {"none", Tensor::zeros({0, 3}, DType::f32)},
          {"tiled", Tensor::from(values, {3, 2}, DType::f32).as_tiled()}};
}

void check_equal(const io::TensorMap& a, const io::TensorMap& b) {
  REQUIRE(a.size() == b.size());
  for (const auto& [name, tensor] : a) {
    INFO(name);
    const Tensor& other = b.at(name);
    CHECK(other.dtype() == tensor.dtype());
    REQUIRE(other.shape() == tensor.shape());
    for (std::int64_t i = 0; i < tensor.count(); ++i) CHECK(other.at(i) == tensor.at(i));
  }
}

bool have_numpy() { return std::system("python3 -c 'import numpy' > /dev/null 2>&1") == 0; }

int run_python(const std::filesystem::path& script, const std::string& code) {
  std::ofstream(script) << "import numpy as np, sys\n" << code;
  return std::system((fmt::format("python3 '{}' 1>&2", script.string())).c_str());
}

}  // namespace

TEST_CASE("an .npy file has the bytes that numpy writes") {
  const Tensor tensor = Tensor::from(std::vector<double>{1.0, 2.0}, {2}, DType::f32);
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  header.resize(117, ' ');
  const auto expected = npy_of(header + "\n", std::string("\x00\x00\x80\x3f\x00\x00\x00\x40", 8));
  CHECK(io::encode_npy(tensor) == expected);
}

TEST_CASE("numpy's other notations are read") {
  const std::string six("\x00\x01\x02\x03\x04\x05", 6);
  const Tensor fortran =
      io::decode_npy(npy_of("{'shape': (2, 3), 'fortran_order': True, 'descr': '|u1'}", six), "f");
  CHECK(fortran.shape() == Shape{2, 3});
  const std::vector<double> expected{0, 2, 4, 1, 3, 5};
  for (std::int64_t i = 0; i < 6; ++i) CHECK(fortran.at(i) == expected[static_cast<std::size_t>(i)]);

  const std::string wide("\xff\xff\xff\xff\xff\xff\xff\xff\x07\x00\x00\x00\x00\x00\x00\x00", 16);
  const Tensor narrow =
      io::decode_npy(npy_of("{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }\n", wide), "f");
  CHECK(narrow.dtype() == DType::i32);
  CHECK(narrow.at(0) == -1);
  CHECK(narrow.at(1) == 7);

  const Tensor scalar =
      io::decode_npy(npy_of("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "\x01"), "f");
  CHECK(scalar.rank() == 0);
  CHECK(scalar.at(0) == 1);
}

TEST_CASE("a damaged .npy file is refused with what is wrong") {
  CHECK(reason([] { (void)io::decode_npy(bytes_from("PK"), "f"); }) ==
        "'f' is not a .npy array: its first bytes are not \\x93NUMPY");
  CHECK(npy_reason("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "1234") ==
        "'f': shape [2] of <f4 needs 8 bytes, got 4");
  CHECK(npy_reason("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", "1234") ==
        "'f': elements of type '>f4'; <f4, <f8, <i4, <i8, |u1 and |b1 can be read");
  CHECK(npy_reason("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "1234") ==
        "'f' is not a .npy array that can be read: header: expected ''', got '[('a', '<f4')], 'for'");
  CHECK(npy_reason("{'descr': '|u1', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "") ==
        "'f' is not a .npy array that can be read: header: a shape with too many elements");
  CHECK(npy_reason("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }",
                   std::string("\0\0\0\0\1\0\0\0", 8)) ==
        "'f': the 64-bit number 4294967296 does not fit into 32 bits");
  const auto whole = npy_of("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", "12");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CHECK_THROWS_AS(io::decode_npy(std::span(whole).first(length), "f"), Error);
  }
}

TEST_CASE("an .npz file keeps its arrays, stored and deflated, with reproducible bytes") {
  const TemporaryFolder folder;
  const auto path = folder / "arrays.npz";
  for (const io::Compression compression : {io::Compression::none, io::Compression::deflate}) {
    io::save_npz(path, sample_arrays(), compression);
    check_equal(sample_arrays(), io::load_npz(path));
    const auto bytes = io::read_file(path);
    io::save_npz(path, sample_arrays(), compression);
    CHECK(io::read_file(path) == bytes);
  }
}

TEST_CASE("a damaged zip archive is refused with what is wrong") {
  const io::ZipMembers members{{"member", bytes_from(std::string(1000, 'x'))}, {"other", bytes_from("y")}};
  for (const io::Compression compression : {io::Compression::none, io::Compression::deflate}) {
    const auto whole = io::encode_zip(members, compression);
    CHECK(io::decode_zip(whole, "f") == members);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      CHECK_THROWS_AS(io::decode_zip(std::span(whole).first(length), "f"), Error);
    }
    // Whatever one byte becomes, the content is the old one, or it is refused.
    for (std::size_t place = 0; place < whole.size(); ++place) {
      auto damaged = whole;
      damaged[place] ^= std::byte{0x41};
      try {
        for (const auto& [name, content] : io::decode_zip(damaged, "f")) {
          CHECK((content == members.at("member") || content == members.at("other")));
        }
      } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::io);
      }
    }
  }
  auto damaged = io::encode_zip({{"m", bytes_from("abc")}}, io::Compression::none);
  damaged[31] = std::byte{'z'};
  CHECK(reason([&] { (void)io::decode_zip(damaged, "f"); }) ==
        "'f' is not a zip archive that can be read: member 'm' is damaged: its checksum differs");
}

TEST_CASE("numpy reads our .npz files, and we read numpy's") {
  if (!have_numpy()) {
    WARN("skipped: python3 has no numpy here");
    return;
  }
  const TemporaryFolder folder;
  io::save_npz(folder / "stored.npz", sample_arrays(), io::Compression::none);
  io::save_npz(folder / "deflated.npz", sample_arrays(), io::Compression::deflate);
  const std::string code = R"(
v = [0, 1, 2, 3, 250, 5]
expected = {'f4': np.array(v, '<f4').reshape(2, 3), 'f8': np.array(v, '<f8').reshape(3, 1, 2),
            'i4': np.array(v, '<i4'), 'u1': np.array(v, 'u1').reshape(6, 1), 'one': np.array(0.1),
            'none': np.zeros((0, 3), 'f4'), 'tiled': np.array(v, '<f4').reshape(3, 2)}
for name in ('stored', 'deflated'):
    got = np.load(f'{folder}/{name}.npz')
    assert sorted(got.files) == sorted(expected), got.files
    for key, value in expected.items():
        assert got[key].dtype == value.dtype and got[key].shape == value.shape, key
        assert (got[key] == value).all(), key
np.savez(f'{folder}/numpy.npz', **expected)
np.savez_compressed(f'{folder}/packed.npz', **expected)
np.save(f'{folder}/wide.npy', np.asfortranarray(np.arange(24).reshape(2, 3, 4)))
)";
  REQUIRE(run_python(folder / "check.py", fmt::format("folder = '{}'\n", folder.path().string()) + code) ==
          0);
  check_equal(sample_arrays(), io::load_npz(folder / "numpy.npz"));
  check_equal(sample_arrays(), io::load_npz(folder / "packed.npz"));
  const Tensor wide = io::load_npy(folder / "wide.npy");
  CHECK(wide.shape() == Shape{2, 3, 4});
  for (std::int64_t i = 0; i < 24; ++i) CHECK(wide.at(i) == static_cast<double>(i));
}
