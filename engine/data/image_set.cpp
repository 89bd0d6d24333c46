#include "engine/data/image_set.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/core/error.hpp"
#include "engine/core/interrupt.hpp"
#include "engine/data/gather.hpp"

namespace moonstill::data {

ImageSet::ImageSet(std::string name, Tensor pixels, Tensor labels, std::int64_t classes,
                   Normalization normalization)
    : name_(std::move(name)),
      pixels_(std::move(pixels)),
      labels_(std::move(labels)),
      classes_(classes),
      normalization_(std::move(normalization)) {
  check();
  rows_.resize(static_cast<std::size_t>(pixels_.size(0)));
  std::iota(rows_.begin(), rows_.end(), 0);
}

ImageSet::ImageSet(std::string name, Tensor pixels, Tensor labels, std::int64_t classes)
    : ImageSet(std::move(name), std::move(pixels), std::move(labels), classes, {}) {
  normalization_ = measure_normalization(*this);
}

void ImageSet::check() const {
  if (pixels_.rank() != 4 || pixels_.dtype() != DType::u8 || pixels_.tiled()) {
    fail(ErrorKind::shape, "{}: expected u8 images [N, C, H, W], got {} {}", name_,
         dtype_name(pixels_.dtype()), pixels_.shape().text());
  }
  if (labels_.rank() != 1 || labels_.dtype() != DType::i32) {
    fail(ErrorKind::shape, "{}: expected i32 labels [N], got {} {}", name_, dtype_name(labels_.dtype()),
         labels_.shape().text());
  }
  if (labels_.size(0) != pixels_.size(0)) {
    fail(ErrorKind::shape, "{}: {} images, but {} labels", name_, pixels_.size(0), labels_.size(0));
  }
  if (pixels_.count() == 0) {
    fail(ErrorKind::shape, "{}: expected at least one pixel, got images {}", name_, pixels_.shape().text());
  }
  const auto labels = labels_.data<std::int32_t>();
  const auto wrong =
      std::ranges::find_if(labels, [&](std::int32_t label) { return label < 0 || label >= classes_; });
  if (wrong != labels.end()) {
    fail(ErrorKind::range, "{}: label {} of image {} is outside 0..{}", name_, *wrong,
         wrong - labels.begin() + 1, classes_ - 1);
  }
}

std::int32_t ImageSet::label(std::int64_t index) const {
  return labels_.data<std::int32_t>()[static_cast<std::size_t>(rows_[static_cast<std::size_t>(index)])];
}

std::span<const std::uint8_t> ImageSet::pixels(std::int64_t index) const {
  const auto features = static_cast<std::size_t>(pixels_.features());
  return pixels_.data<std::uint8_t>().subspan(
      static_cast<std::size_t>(rows_[static_cast<std::size_t>(index)]) * features, features);
}

namespace {

void check_indices(const std::string& name, std::span<const std::int64_t> indices, std::int64_t size) {
  for (const std::int64_t index : indices) {
    if (index < 0 || index >= size)
      fail(ErrorKind::range, "{}: index {} is outside 0..{}", name, index, size - 1);
  }
}

}  // namespace

ImageSet ImageSet::subset(std::span<const std::int64_t> indices) const {
  check_indices(name_, indices, size());
  ImageSet part = *this;
  part.rows_.resize(indices.size());
  std::ranges::transform(indices, part.rows_.begin(),
                         [&](std::int64_t i) { return rows_[static_cast<std::size_t>(i)]; });
  return part;
}

ImageSet ImageSet::slice(std::int64_t begin, std::int64_t end) const {
  if (begin < 0 || end > size() || begin > end) {
    fail(ErrorKind::range, "{}: samples {} to {} are outside 0..{}", name_, begin, end - 1, size() - 1);
  }
  ImageSet part = *this;
  part.rows_.assign(rows_.begin() + begin, rows_.begin() + end);
  return part;
}

ImageSet ImageSet::described(std::string name, Normalization normalization) const {
  ImageSet set = *this;
  set.name_ = std::move(name);
  set.normalization_ = std::move(normalization);
  return set;
}

std::vector<std::string> ImageSet::class_names() const {
  std::vector<std::string> names = class_names_;
  for (auto label = std::ssize(names); label < classes_; ++label) names.push_back(std::to_string(label));
  return names;
}

ImageSet ImageSet::with_class_names(std::vector<std::string> names) const {
  ImageSet set = *this;
  set.class_names_ = std::move(names);
  return set;
}

std::vector<const std::uint8_t*> ImageSet::pointers(std::span<const std::int64_t> indices) const {
  check_indices(name_, indices, size());
  std::vector<const std::uint8_t*> samples(indices.size());
  std::ranges::transform(indices, samples.begin(), [&](std::int64_t i) { return pixels(i).data(); });
  return samples;
}

Tensor ImageSet::images(std::span<const std::int64_t> indices, DType dtype) const {
  return gather_images(pointers(indices), image_shape(), normalization_, dtype);
}

Tensor ImageSet::labels(std::span<const std::int64_t> indices) const {
  check_indices(name_, indices, size());
  Tensor out = Tensor::empty({static_cast<std::int64_t>(indices.size())}, DType::i32);
  std::ranges::transform(indices, out.write<std::int32_t>().begin(),
                         [&](std::int64_t i) { return label(i); });
  return out;
}

Tensor ImageSet::one_hot(std::span<const std::int64_t> indices, DType dtype) const {
  check_indices(name_, indices, size());
  const auto count = static_cast<std::int64_t>(indices.size());
  Tensor out = Tensor::zeros({count, classes_}, dtype, Layout::tiled);
  dispatch_floating(dtype, "one_hot", [&](auto element) {
    const auto to = out.write<decltype(element)>();
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t tile = i / tile_lanes;
      const std::int64_t place = out.tile_begin(tile) +
                                 label(indices[static_cast<std::size_t>(i)]) * out.lanes_in(tile) +
                                 i % tile_lanes;
      to[static_cast<std::size_t>(place)] = 1;
    }
  });
  return out;
}

Tensor ImageSet::class_means(DType dtype) const {
  const auto features = static_cast<std::size_t>(pixels_.features());
  std::vector<std::int64_t> counts(static_cast<std::size_t>(classes_));
  std::vector<std::int64_t> sums(counts.size() * features);
  for (std::int64_t i = 0; i < size(); ++i) {
    const auto c = static_cast<std::size_t>(label(i));
    const auto image = pixels(i);
    ++counts[c];
    for (std::size_t f = 0; f < features; ++f) sums[c * features + f] += image[f];
  }
  const std::size_t plane = std::max<std::size_t>(1, features / normalization_.mean.size());
  std::vector<double> means(sums.size());
  for (std::size_t i = 0; i < means.size(); ++i) {
    const std::int64_t count = counts[i / features];
    const std::size_t channel = i % features / plane;
    if (count == 0) continue;
    const double mean = static_cast<double>(sums[i]) / (255.0 * static_cast<double>(count));
    means[i] = (mean - normalization_.mean[channel]) / normalization_.deviation[channel];
  }
  return Tensor::from(means, image_shape().inserted(0, classes_), dtype).as_tiled();
}

Normalization measure_normalization(const ImageSet& set) {
  const Shape shape = set.image_shape();
  const auto channels = static_cast<std::size_t>(shape[0]);
  const auto plane = static_cast<std::size_t>(shape[1] * shape[2]);
  // Whole numbers: exact, in whatever order.
  std::vector<std::uint64_t> sums(channels);
  std::vector<std::uint64_t> squares(channels);
  for (std::int64_t i = 0; i < set.size(); ++i) {
    if (i % 1024 == 0) poll_interrupt();
    const auto image = set.pixels(i);
    for (std::size_t c = 0; c < channels; ++c) {
      std::uint64_t sum = 0;
      std::uint64_t square = 0;
      for (const std::uint8_t p : image.subspan(c * plane, plane)) {
        sum += p;
        square += std::uint64_t{p} * p;
      }
      sums[c] += sum;
      squares[c] += square;
    }
  }
  Normalization result;
  const double count = static_cast<double>(set.size()) * static_cast<double>(plane);
  for (std::size_t c = 0; c < channels; ++c) {
    const double mean = static_cast<double>(sums[c]) / count;
    const double variance = std::max(0.0, static_cast<double>(squares[c]) / count - mean * mean);
    result.mean.push_back(mean / 255.0);
    result.deviation.push_back(variance > 0.0 ? std::sqrt(variance) / 255.0 : 1.0);
  }
  return result;
}

}  // namespace moonstill::data
