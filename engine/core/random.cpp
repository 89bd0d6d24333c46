#include "engine/core/random.hpp"

#include <Random123/philox.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "engine/core/hash.hpp"
#include "engine/core/pieces.hpp"

namespace moonstill {
namespace {

using Block = std::array<std::uint32_t, 4>;

Block philox(std::uint64_t key, std::uint64_t counter, std::uint32_t purpose) {
  const philox4x32_ctr_t in{
      {static_cast<std::uint32_t>(counter), static_cast<std::uint32_t>(counter >> 32), purpose, 0}};
  const philox4x32_key_t k{{static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)}};
  const philox4x32_ctr_t out = philox4x32(in, k);
  return {out.v[0], out.v[1], out.v[2], out.v[3]};
}

constexpr std::uint32_t purpose_numbers = 0;
constexpr std::uint32_t purpose_split = 1;

std::uint64_t join(std::uint32_t low, std::uint32_t high) { return (std::uint64_t{high} << 32) | low; }

std::uint64_t derive(std::uint64_t key, std::uint64_t number) {
  const Block block = philox(key, number, purpose_split);
  return join(block[0], block[1]);
}

// Any fixed hash serves, since Philox mixes it.
std::uint64_t hash_of(std::string_view text) {
  Hash hash;
  hash.add(text);
  return hash.value();
}

// 53 bits in [0, 1).
double unit_interval(std::uint32_t low, std::uint32_t high) {
  return static_cast<double>(join(low, high) >> 11) * 0x1.0p-53;
}

// Two uniform numbers a block.
std::pair<double, double> uniform_pair(std::uint64_t key, std::uint64_t counter) {
  const Block b = philox(key, counter, purpose_numbers);
  return {unit_interval(b[0], b[1]), unit_interval(b[2], b[3])};
}

// Box and Muller (1958): two normal numbers a block.
std::pair<double, double> normal_pair(std::uint64_t key, std::uint64_t counter) {
  const auto [u, v] = uniform_pair(key, counter);
  const double radius = std::sqrt(-2.0 * std::log1p(-u));
  const double angle = 2.0 * std::numbers::pi * v;
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

constexpr std::size_t piece_numbers = std::size_t{1} << 18;  // even: drawn between looks at Ctrl-C

template <class Pair>
void fill(std::span<double> out, std::uint64_t key, std::uint64_t begin, double offset, double scale,
          Pair pair) {
  in_pieces(out.size(), piece_numbers, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; i += 2) {
      const auto [a, b] = pair(key, begin + i / 2);
      out[i] = offset + scale * a;
      if (i + 1 < last) out[i + 1] = offset + scale * b;
    }
  });
}

}  // namespace

Generator::Generator(std::uint64_t seed) : Generator(Keyed{}, derive(0, seed)) {}
Generator Generator::split(std::string_view name) const { return {Keyed{}, derive(key_, hash_of(name))}; }
// Numbers and names must not meet: a number's stream is that of a stream of its own.
Generator Generator::split(std::uint64_t number) const { return {Keyed{}, derive(~key_, number)}; }

std::uint64_t Generator::reserve(std::uint64_t blocks) {
  if (RandomJournal* journal = RandomJournal::innermost()) journal->note(position_);
  return std::exchange(*position_, *position_ + blocks);
}

void Generator::fill_uniform(std::span<double> out, double low, double high) {
  fill(out, key_, reserve((out.size() + 1) / 2), low, high - low, uniform_pair);
}

void Generator::fill_normal(std::span<double> out, double mean, double deviation) {
  fill(out, key_, reserve((out.size() + 1) / 2), mean, deviation, normal_pair);
}

double Generator::uniform() { return uniform_pair(key_, reserve(1)).first; }
double Generator::normal() { return normal_pair(key_, reserve(1)).first; }

std::uint64_t Generator::below(std::uint64_t bound) {
  // Reject the few numbers beyond the last whole multiple of bound.
  const std::uint64_t limit = ~std::uint64_t{0} - (~std::uint64_t{0} % bound + 1) % bound;
  while (true) {
    const Block b = philox(key_, reserve(1), purpose_numbers);
    const std::uint64_t number = join(b[0], b[1]);
    if (number <= limit) return number % bound;
  }
}

std::vector<std::int64_t> Generator::permutation(std::int64_t count) {
  std::vector<std::int64_t> order;
  order.reserve(static_cast<std::size_t>(count));
  in_pieces(static_cast<std::size_t>(count), piece_numbers, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) order.push_back(static_cast<std::int64_t>(i));
  });
  in_pieces(order.size(), piece_numbers, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = order.size() - first; i > std::max<std::size_t>(1, order.size() - last); --i)
      std::swap(order[i - 1], order[below(i)]);
  });
  return order;
}

RandomJournal*& RandomJournal::innermost() {
  thread_local RandomJournal* journal = nullptr;
  return journal;
}

RandomJournal::RandomJournal() : outer_(std::exchange(innermost(), this)) {}
RandomJournal::~RandomJournal() { innermost() = outer_; }

void RandomJournal::note(const std::shared_ptr<std::uint64_t>& position) {
  const auto known = [&](const auto& entry) { return entry.first == position; };
  if (std::none_of(positions_.begin(), positions_.end(), known)) positions_.emplace_back(position, *position);
  if (outer_ != nullptr) outer_->note(position);
}

}  // namespace moonstill
