#include "bindings/image_folder.hpp"

#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/error.hpp"
#include "engine/data/load.hpp"
#include "engine/io/image.hpp"

namespace moonstill::lua {
namespace fs = std::filesystem;
namespace {

bool is_image(const fs::path& path) {
  std::string ending = path.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

std::vector<fs::path> sorted(const fs::path& folder, bool (*wanted)(const fs::path&)) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (wanted(entry.path()) && !entry.path().filename().string().starts_with('.'))
      found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::vector<fs::path> images_in(const fs::path& folder) { return sorted(folder, is_image); }
std::vector<fs::path> folders_in(const fs::path& folder) {
  return sorted(folder, [](const fs::path& path) { return fs::is_directory(path); });
}

struct Part {
  std::vector<fs::path> files;
  std::vector<io::Image> images;
  std::vector<std::int32_t> labels;
};

// The files of a part, with their labels: one of each class in turn, so that the first n are of all classes.
Part list_part(const fs::path& folder, const std::vector<std::string>& classes) {
  std::vector<std::vector<fs::path>> by_class(classes.size());
  for (const fs::path& place : folders_in(folder)) {
    const auto at = std::ranges::find(classes, place.filename().string());
    if (at == classes.end()) {
      fail(ErrorKind::io, "'{}': the training images have no class '{}'", place.string(),
           place.filename().string());
    }
    auto files = images_in(place);
    if (files.empty()) fail(ErrorKind::io, "'{}' holds no PNG or JPEG images", place.string());
    by_class[static_cast<std::size_t>(at - classes.begin())] = std::move(files);
  }
  Part part;
  bool more = true;
  for (std::size_t i = 0; std::exchange(more, false); ++i) {
    for (std::size_t label = 0; label < by_class.size(); ++label) {
      if (i >= by_class[label].size()) continue;
      part.files.push_back(std::move(by_class[label][i]));
      part.labels.push_back(static_cast<std::int32_t>(label));
      more = true;
    }
  }
  if (part.files.empty()) fail(ErrorKind::io, "'{}' holds no PNG or JPEG images", folder.string());
  return part;
}

void read_part(Part& part, const std::function<void()>& told) {
  for (const fs::path& file : part.files) {
    part.images.push_back(io::read_image(file));
    told();
  }
}

bool has_colours(const Part& part) {
  return std::ranges::any_of(part.images, [](const io::Image& image) { return image.channels == 3; });
}

// Channels innermost -> channels first; a grey image is its own red, green and blue.
void copy_planes(const io::Image& image, std::int64_t channels, std::uint8_t* to) {
  const std::int64_t pixels = image.width * image.height;
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t from = image.channels == 1 ? 0 : c;
    for (std::int64_t i = 0; i < pixels; ++i)
      *to++ = image.pixels[static_cast<std::size_t>(i * image.channels + from)];
  }
}

data::ImageSet set_of(const std::string& name, const Part& part, const std::vector<std::string>& classes,
                      std::int64_t channels) {
  const io::Image& first = part.images.front();
  const auto count = static_cast<std::int64_t>(part.files.size());
  Tensor pixels = Tensor::empty({count, channels, first.height, first.width}, DType::u8);
  std::uint8_t* to = pixels.write<std::uint8_t>().data();
  for (std::size_t k = 0; k < part.files.size(); ++k) {
    const io::Image& image = part.images[k];
    if (image.width != first.width || image.height != first.height) {
      fail(ErrorKind::io, "'{}' is {} x {}, '{}' is {} x {}: images of a set have one size",
           part.files[k].string(), image.width, image.height, part.files[0].string(), first.width,
           first.height);
    }
    copy_planes(image, channels, to + static_cast<std::int64_t>(k) * channels * first.width * first.height);
  }
  Tensor labels = Tensor::empty({count}, DType::i32);
  std::ranges::copy(part.labels, labels.write<std::int32_t>().begin());
  const data::ImageSet set(name, std::move(pixels), std::move(labels), std::ssize(classes));
  return set.with_class_names(classes);
}

// Where the classes' folders are.
fs::path training_folder(const fs::path& folder) {
  return fs::is_directory(folder / "train") ? folder / "train" : folder;
}

}  // namespace

bool is_image_folder(const fs::path& folder) {
  if (!fs::is_directory(folder)) return false;
  return std::ranges::any_of(folders_in(training_folder(folder)),
                             [](const fs::path& place) { return !images_in(place).empty(); });
}

ImageSets load_image_folder(const fs::path& folder, const Told& told) {
  const fs::path training = training_folder(folder);
  std::vector<std::string> classes;
  for (const fs::path& place : folders_in(training)) classes.push_back(place.filename().string());
  Part train = list_part(training, classes);
  const bool tested = training != folder && fs::is_directory(folder / "test");
  Part test = tested ? list_part(folder / "test", classes) : Part{};
  std::size_t done = 0;
  const auto read_one = [&] { told(++done, train.files.size() + test.files.size()); };
  read_part(train, read_one);
  read_part(test, read_one);
  const std::int64_t channels = has_colours(train) || has_colours(test) ? 3 : 1;
  const std::string name = fs::weakly_canonical(folder).filename().string();
  const data::ImageSet train_set = set_of(name, train, classes, channels);
  if (!tested) return {train_set, std::nullopt};
  const auto both = data::described_alike(name, train_set, set_of(name, test, classes, channels));
  return {both.train, both.test};
}

}  // namespace moonstill::lua
