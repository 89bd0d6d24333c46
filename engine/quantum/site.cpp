#include "engine/quantum/site.hpp"

#include <algorithm>

namespace moonstill::quantum {
namespace {

// Functionals of a block whose solutions are tabulated.
constexpr std::size_t most_tabulated = 4;

// The parities' masks as functions of a block's numbers.
std::vector<Bits> restricted(std::span<const Parity> parities, const Subspace& subspace) {
  std::vector<Bits> out;
  for (const Parity& parity : parities) out.push_back(subspace.restricted(parity.mask));
  return out;
}

// The same with the lane bits below, for numbers that count lanes.
std::vector<Bits> with_lanes(std::span<const Parity> parities, const Subspace& subspace) {
  std::vector<Bits> out = restricted(parities, subspace);
  const Bits lanes = (Bits{1} << subspace.lane_bits) - 1;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = (out[i] << subspace.lane_bits) | (parities[i].mask & lanes);
  return out;
}

Bits number_with_lanes(Bits place, const Subspace& subspace) {
  const Bits lanes = (Bits{1} << subspace.lane_bits) - 1;
  return (subspace.coordinates(place) << subspace.lane_bits) | (place & lanes);
}

}  // namespace

Site::Site(const Frame& frame, std::span<const int> target_bits, std::span<const int> control_bits,
           bool diagonal, int lane_bits)
    : lane_bits_(lane_bits) {
  for (const int b : target_bits) {
    targets_.push_back(frame.row(b));
    if (!diagonal) flips_.push_back(frame.flip(b));
  }
  std::vector<Parity> controls;
  for (const int b : control_bits) controls.push_back(frame.row(b));
  reduce(std::move(controls));
  number_lanes();
}

Site::Site(const Parity& sign, Bits flip, int lane_bits) : targets_{sign}, lane_bits_(lane_bits) {
  if (flip != 0) flips_.push_back(flip);
  number_lanes();
}

// All controls are 1 exactly where all sums of them have the sums' values: as few as possible are left to
// differ among lanes.
void Site::reduce(std::vector<Parity> controls) {
  for (Parity& control : controls) control.offset = !control.offset;  // wanted: 0
  while (!controls.empty()) {
    const Parity control = controls.back();
    controls.pop_back();
    const Bits low = control.mask & lane_mask();
    if (low == 0) {
      high_controls_.push_back({control.mask, !control.offset});
      continue;
    }
    for (Parity& other : controls) {
      if ((other.mask & std::bit_floor(low)) != 0) other = other ^ control;
    }
    lane_controls_.push_back({control.mask, !control.offset});
  }
}

void Site::number_lanes() {
  std::vector<Parity> parities = targets_;
  parities.insert(parities.end(), lane_controls_.begin(), lane_controls_.end());
  for (Bits lane = 0; lane < lanes(); ++lane) {
    std::int32_t code = 0;
    for (std::size_t i = 0; i < parities.size(); ++i) code |= odd(parities[i].mask & lane) ? 1 << i : 0;
    lane_codes_.push_back(code);
    lanes_alike_ = lanes_alike_ && code == 0;
  }
}

std::vector<Parity> Site::functionals() const {
  std::vector<Parity> out = targets_;
  out.insert(out.end(), lane_controls_.begin(), lane_controls_.end());
  out.insert(out.end(), high_controls_.begin(), high_controls_.end());
  return out;
}

Bits Subspace::coordinates(Bits place) const {
  Bits x = 0;
  for (std::size_t j = 0; j < own_bits.size(); ++j) x |= ((place >> own_bits[j]) & 1) << j;
  return x;
}

Bits Subspace::restricted(Bits mask) const {
  Bits x = 0;
  for (std::size_t j = 0; j < basis.size(); ++j) x |= odd(mask & basis[j]) ? Bits{1} << j : 0;
  return x;
}

bool Subspace::contains(Bits place) const {
  for (std::size_t j = 0; j < basis.size(); ++j) {
    if ((place >> own_bits[j]) & 1) place ^= basis[j];
  }
  return place >> lane_bits == 0;
}

void Subspace::add(Bits place) {
  for (std::size_t j = 0; j < basis.size(); ++j) {
    if ((place >> own_bits[j]) & 1) place ^= basis[j];
  }
  place &= ~((Bits{1} << lane_bits) - 1);
  if (place == 0) return;
  const int own = std::bit_width(place) - 1;
  for (Bits& other : basis) {
    if ((other >> own) & 1) other ^= place;
  }
  const auto at = std::ranges::lower_bound(own_bits, own) - own_bits.begin();
  basis.insert(basis.begin() + at, place);
  own_bits.insert(own_bits.begin() + at, own);
}

BlockSite::BlockSite(const Site& at, const Subspace& subspace)
    : site(&at), functionals(at.functionals()), kernel({}), system_({}, 0) {
  const Bits lanes = at.lanes() - 1;
  std::vector<Bits> masks = restricted(functionals, subspace);
  std::vector<Bits> independent;  // among the flips' numbers
  for (std::size_t i = 0; i < at.flips().size(); ++i) {
    const Bits number = subspace.coordinates(at.flips()[i]);
    // With two flips at most, a dependent number is 0 or the other one.
    const bool seen = number == 0 || std::ranges::count(independent, number) > 0;
    if (!seen) independent.push_back(number);
    const Bits member = number == 0 ? 0 : Bits{1} << (seen ? 0 : independent.size() - 1);
    term_member[std::size_t{1} << i] = member;
    term_lanes[std::size_t{1} << i] = at.flips()[i] & lanes;
    permuted = permuted || (at.flips()[i] & lanes) != 0;
  }
  if (at.terms() == 4) {
    term_member[3] = term_member[1] ^ term_member[2];
    term_lanes[3] = term_lanes[1] ^ term_lanes[2];
  }
  rank = static_cast<int>(independent.size());
  const std::vector<Bits> numbers = sums(independent);
  std::ranges::copy(numbers, members.begin());
  for (std::size_t u = 0; u < numbers.size(); ++u) {
    for (Bits bit = 1, i = 0; bit < static_cast<Bits>(at.variants()); bit <<= 1, ++i)
      shifts[u] |= odd(masks[i] & numbers[u]) ? bit : 0;
  }
  // One member of each group is its first: the one whose row bit is 0, or that lacks a bit of the flip.
  first_row_fixed = at.targets() == 1 && rank == 1 && shifts[1] == 1;
  if (!first_row_fixed) {
    for (std::size_t i = 0; i < independent.size(); ++i) {
      const Bits own = std::bit_floor(independent[i]);
      masks.push_back(own);
      functionals.push_back({});
      for (std::size_t k = i + 1; k < independent.size(); ++k) {
        if ((independent[k] & own) != 0) independent[k] ^= independent[i];
      }
    }
  }
  system_ = LinearSystem(masks, subspace.dimension());
  kernel = Span(system_.kernel());
  if (masks.size() > most_tabulated) return;
  for (Bits values = 0; values < Bits{1} << masks.size(); ++values) firsts_.push_back(system_.solve(values));
}

WideSite::WideSite(const Site& at, const Subspace& subspace)
    : functionals(at.functionals()),
      system(with_lanes(functionals, subspace), subspace.dimension() + subspace.lane_bits),
      kernel(system.kernel()) {
  wanted = ((Bits{1} << functionals.size()) - 1) & ~((Bits{1} << at.targets()) - 1);
  std::vector<Bits> numbers;
  for (const Bits flip : at.flips()) numbers.push_back(number_with_lanes(flip, subspace));
  rows = sums(numbers);
}

}  // namespace moonstill::quantum
