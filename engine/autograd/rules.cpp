#include "engine/autograd/rules.hpp"

#include "engine/core/random.hpp"

namespace moonstill {

Tensor rules::sample(const Shape& shape, double low, double high, std::uint64_t seed) {
  Tensor t = Tensor::empty(shape, DType::f64);
  Generator(seed).fill_uniform(t.write<double>(), low, high);
  return t;
}

std::span<const Primitive* const> primitives() {
  static const std::vector<const Primitive*> all = [] {
    std::vector<const Primitive*> rows;
    for (const rules::Rows part : {rules::elementwise(), rules::reductions(), rules::movement(),
                                   rules::products(), rules::pooling(), rules::smooth_pooling()}) {
      rows.insert(rows.end(), part.begin(), part.end());
    }
    return rows;
  }();
  return all;
}

}  // namespace moonstill
