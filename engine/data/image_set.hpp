// Labelled images of bytes: one sample contiguous, views by index, and the kernel that makes normalised
// batches of them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.hpp"

namespace moonstill::data {

/// What a batch subtracts and divides by, for each channel, with pixels counted from 0 to 1.
struct Normalization {
  std::vector<double> mean;
  std::vector<double> deviation;
};

/// An immutable set. Copies and subsets share the pixels.
class ImageSet {
 public:
  /// Pixels u8 [N, C, H, W], labels i32 [N], each in 0 .. classes - 1. Throws Error{argument}, Error{shape}
  /// or Error{range} naming the set. Without a normalization it is measured on these images.
  ImageSet(std::string name, Tensor pixels, Tensor labels, std::int64_t classes);
  ImageSet(std::string name, Tensor pixels, Tensor labels, std::int64_t classes, Normalization normalization);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(rows_.size()); }
  [[nodiscard]] std::int64_t classes() const { return classes_; }
  [[nodiscard]] const Normalization& normalization() const { return normalization_; }
  /// [C, H, W]
  [[nodiscard]] Shape image_shape() const { return pixels_.shape().without(0); }

  [[nodiscard]] std::int32_t label(std::int64_t index) const;
  /// The bytes of one image, [C, H, W].
  [[nodiscard]] std::span<const std::uint8_t> pixels(std::int64_t index) const;

  /// The samples with these indices, in this order. Throws Error{range}.
  [[nodiscard]] ImageSet subset(std::span<const std::int64_t> indices) const;
  /// The samples begin .. end - 1. Throws Error{range}.
  [[nodiscard]] ImageSet slice(std::int64_t begin, std::int64_t end) const;
  /// The same images under another name, normalised otherwise (a test set takes what was measured on its
  /// training set).
  [[nodiscard]] ImageSet described(std::string name, Normalization normalization) const;

  /// What the classes are called: labels, "0", "1", ..., unless the data have names for them.
  [[nodiscard]] std::vector<std::string> class_names() const;
  /// The same images, their classes called so.
  [[nodiscard]] ImageSet with_class_names(std::vector<std::string> names) const;

  /// Normalised images [n, C, H, W], f32 or f64, tiled. Throws Error{range} on an index outside the set.
  [[nodiscard]] Tensor images(std::span<const std::int64_t> indices, DType dtype = DType::f32) const;
  /// Labels i32 [n]. Throws Error{range}.
  [[nodiscard]] Tensor labels(std::span<const std::int64_t> indices) const;
  /// Labels as one-hot rows [n, classes], f32 or f64, tiled. Throws Error{range}.
  [[nodiscard]] Tensor one_hot(std::span<const std::int64_t> indices, DType dtype = DType::f32) const;

  /// The mean image of each class, normalised: [classes, C, H, W], tiled. A class without samples is all
  /// zeros, the mean of the set.
  [[nodiscard]] Tensor class_means(DType dtype = DType::f32) const;

 private:
  void check() const;
  [[nodiscard]] std::vector<const std::uint8_t*> pointers(std::span<const std::int64_t> indices) const;

  std::string name_;
  Tensor pixels_;
  Tensor labels_;
  std::int64_t classes_;
  std::vector<std::string> class_names_;  // or none
  std::vector<std::int64_t> rows_;        // of pixels_ and labels_
  Normalization normalization_;
};

/// Mean and deviation of each channel over all pixels of a set. A channel that never changes has deviation 1.
[[nodiscard]] Normalization measure_normalization(const ImageSet& set);

}  // namespace moonstill::data
