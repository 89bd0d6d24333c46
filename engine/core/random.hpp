// Counter-based random numbers (Philox 4x32-10 of Random123; Salmon et al., SC 2011), in named, splittable
// streams.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace moonstill {

/// A stream of random numbers: a key and a position. Copies share the position. Equal keys give equal
/// numbers, whatever the number of threads.
class Generator {
 public:
  explicit Generator(std::uint64_t seed);

  /// An independent stream that depends on this one's key and the name (or number) only, not on its position.
  [[nodiscard]] Generator split(std::string_view name) const;
  [[nodiscard]] Generator split(std::uint64_t number) const;

  void fill_uniform(std::span<double> out, double low = 0.0, double high = 1.0);
  void fill_normal(std::span<double> out, double mean = 0.0, double deviation = 1.0);
  [[nodiscard]] double uniform();
  [[nodiscard]] double normal();

  /// A whole number in [0, bound), without bias. bound >= 1.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);

  /// 0 .. count-1 in random order (Fisher and Yates).
  [[nodiscard]] std::vector<std::int64_t> permutation(std::int64_t count);

  [[nodiscard]] std::uint64_t key() const { return key_; }
  [[nodiscard]] std::uint64_t position() const { return *position_; }
  void set_position(std::uint64_t position) { *position_ = position; }

 private:
  friend class RandomJournal;
  struct Keyed {};
  Generator(Keyed, std::uint64_t key) : key_(key), position_(std::make_shared<std::uint64_t>(0)) {}
  std::uint64_t reserve(std::uint64_t blocks);

  std::uint64_t key_;
  std::shared_ptr<std::uint64_t> position_;
};

/// Remembers where each generator stood when it was first used while the journal was open, so that a function
/// can be run again with the same numbers (checkpoint). Journals nest.
class RandomJournal {
 public:
  RandomJournal();
  ~RandomJournal();
  RandomJournal(const RandomJournal&) = delete;
  RandomJournal& operator=(const RandomJournal&) = delete;

  using Positions = std::vector<std::pair<std::shared_ptr<std::uint64_t>, std::uint64_t>>;
  [[nodiscard]] const Positions& positions() const { return positions_; }

 private:
  friend class Generator;
  void note(const std::shared_ptr<std::uint64_t>& position);
  static RandomJournal*& innermost();

  Positions positions_;
  RandomJournal* outer_;
};

}  // namespace moonstill
