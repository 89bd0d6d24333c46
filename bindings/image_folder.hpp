// Image sets from folders of PNG and JPEG files, one folder for each class.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>

#include "engine/data/image_set.hpp"

namespace moonstill::lua {

struct ImageSets {
  data::ImageSet train;
  std::optional<data::ImageSet> test;
};

/// Whether a folder holds CLASS/*.png (or .jpg, .jpeg), or train/CLASS/*.png.
[[nodiscard]] bool is_image_folder(const std::filesystem::path& folder);

/// Told after each file: how many were read, of how many.
using Told = std::function<void(std::size_t, std::size_t)>;

/// Classes are the folders' names in alphabetical order, images those of the files. Without the folders train
/// and test all images are for training. Grey images among colours become grey colours. Throws Error{io}
/// naming the file that cannot be read, or is of another size than the first.
[[nodiscard]] ImageSets load_image_folder(const std::filesystem::path& folder, const Told& told);

}  // namespace moonstill::lua
