// Products of row-major matrices.
#pragma once

#include <cstdint>

namespace moonstill {

/// out = op(a) op(b), [rows, columns], contracted over `inner`; op transposes where asked. All row-major.
template <class T>
struct DenseProduct {
  const T* a = nullptr;
  const T* b = nullptr;
  T* out = nullptr;
  std::int64_t rows = 0, inner = 0, columns = 0;
  bool transpose_a = false, transpose_b = false;
};

void multiply(const DenseProduct<float>& p);
void multiply(const DenseProduct<double>& p);

}  // namespace moonstill
