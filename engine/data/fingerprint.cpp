#include "engine/data/fingerprint.hpp"

#include <array>

#include "engine/core/hash.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::data {

std::uint64_t fingerprint(const ImageSet& set) {
  Hash hash;
  const Shape shape = set.image_shape();
  const std::array sizes{shape[0], shape[1], shape[2], set.size(), set.classes()};
  hash.add(std::as_bytes(std::span(sizes)));
  hash.add(std::as_bytes(std::span(set.normalization().mean)));
  hash.add(std::as_bytes(std::span(set.normalization().deviation)));
  for (std::int64_t i = 0; i < set.size(); ++i) {
    const std::int32_t label = set.label(i);
    hash.add(std::as_bytes(std::span(&label, 1)));
    hash.add(std::as_bytes(set.pixels(i)));
    if (i % 1024 == 0) poll_interrupt();
  }
  return hash.value();
}

}  // namespace moonstill::data
