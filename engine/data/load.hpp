// Image sets from the files in which they are published: IDX (MNIST and its kin), CIFAR-10's batches.
#pragma once

#include <filesystem>
#include <string>

#include "engine/data/image_set.hpp"

namespace moonstill::data {

struct TrainTest {
  ImageSet train;
  ImageSet test;
};

/// An IDX file of unsigned bytes (plain or .gz), any rank: u8 tensor. Throws Error{io} naming the path: wrong
/// magic number, another element type, truncated (bytes expected and got), bytes left over.
[[nodiscard]] Tensor load_idx(const std::filesystem::path& path);

/// A folder that holds MNIST's four files or CIFAR-10's six (or cifar-10-batches-bin/ with them), recognised
/// by their names. Both sets are normalised by the training set: by the published constants, and called
/// "mnist" or "cifar10", where the images have the mean of those sets; by measured ones, and called after the
/// folder, otherwise. Throws Error{io} or Error{range} naming the file and what is wrong with it.
[[nodiscard]] TrainTest load_images(const std::filesystem::path& folder);

/// Two sets of one origin, named and normalised as load_images describes. Throws Error{shape} unless their
/// images and classes agree.
[[nodiscard]] TrainTest described_alike(const std::string& name, const ImageSet& train, const ImageSet& test);

}  // namespace moonstill::data
