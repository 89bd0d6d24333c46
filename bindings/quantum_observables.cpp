// ms.observable: Pauli words and their sums, Hermitian matrices, probabilities.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "bindings/host/modules.hpp"
#include "bindings/quantum.hpp"
#include "engine/core/error.hpp"

namespace moonstill::lua {

using quantum::ComplexMatrix;
using quantum::PauliSum;

namespace {

// Rounding of f32 numbers that were meant to be Hermitian.
constexpr double hermitian_tolerance = 1e-5;
// Of a matrix that a script may give: 12 qubits.
constexpr std::int64_t most_rows = 4096;

ComplexMatrix block_of(const Tensor& tensor, std::int64_t block, int d) {
  ComplexMatrix m(d);
  const auto size = static_cast<std::int64_t>(m.entries.size());
  for (std::int64_t e = 0; e < size; ++e) {
    const std::int64_t at = (block * size + e) * 2;
    m.entries[static_cast<std::size_t>(e)] = {tensor.at(at), tensor.at(at + 1)};
  }
  return m;
}

// A number, or {re, im}.
std::complex<double> entry_at(const Args& a, Args::Key key, int index, int row, int column) {
  lua_State* L = a.state();
  if (lua_type(L, index) == LUA_TNUMBER) return lua_tonumber(L, index);
  std::array<double, 2> parts{};
  bool fits = lua_istable(L, index) && lua_rawlen(L, index) == parts.size();
  for (std::size_t i = 0; fits && i < parts.size(); ++i) {
    fits = lua_rawgeti(L, index, static_cast<lua_Integer>(i) + 1) == LUA_TNUMBER;
    parts[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  if (!fits) {
    a.fail(key, "row {}, column {}: expected a number or {{re, im}}, got {}", row + 1, column + 1,
           describe(L, index));
  }
  return {parts[0], parts[1]};
}

ComplexMatrix matrix_from_table(const Args& a, Args::Key key) {
  lua_State* L = a.state();
  const int table = a.slot(key);
  const std::size_t rows = lua_rawlen(L, table);
  if (rows < 2 || rows > most_rows) a.fail(key, "expected 2 to {} rows, got {}", most_rows, rows);
  ComplexMatrix m(static_cast<int>(rows));
  for (int i = 0; i < m.dimension; ++i) {
    lua_rawgeti(L, table, i + 1);
    const int row = lua_gettop(L);
    const std::size_t length = lua_istable(L, row) ? lua_rawlen(L, row) : 0;
    if (length != rows) a.fail(key, "row {}: expected {} numbers or {{re, im}}, got {}", i + 1, rows, length);
    for (int j = 0; j < m.dimension; ++j) {
      lua_rawgeti(L, row, j + 1);
      m(i, j) = entry_at(a, key, lua_gettop(L), i, j);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  return m;
}

// k of 2^k, or -1.
int log2_of(std::int64_t d) {
  int k = 0;
  while ((std::int64_t{1} << k) < d) ++k;
  return (std::int64_t{1} << k) == d ? k : -1;
}

// A list of qubits, or a list of such lists, 0-based.
std::vector<std::vector<int>> qubit_lists(const Args& a, Args::Key key) {
  lua_State* L = a.state();
  const int index = a.slot(key);
  std::vector<std::vector<int>> out;
  const auto take = [&](int at, std::vector<int>& to) {
    int whole = 0;
    const lua_Integer qubit = lua_tointegerx(L, at, &whole);
    if (whole == 0) a.fail(key, "expected numbers of qubits, got {}", describe(L, at));
    if (qubit < 1 || qubit > quantum::max_qubits)
      a.fail(key, "{} is outside 1..{}", qubit, quantum::max_qubits);
    to.push_back(static_cast<int>(qubit) - first_qubit);
  };
  if (!lua_istable(L, index)) {
    take(index, out.emplace_back());
    return out;
  }
  for (std::size_t i = 1; i <= lua_rawlen(L, index); ++i) {
    lua_rawgeti(L, index, static_cast<lua_Integer>(i));
    const int item = lua_gettop(L);
    auto& list = out.emplace_back();
    if (lua_istable(L, item)) {
      for (std::size_t j = 1; j <= lua_rawlen(L, item); ++j) {
        lua_rawgeti(L, item, static_cast<lua_Integer>(j));
        take(lua_gettop(L), list);
        lua_pop(L, 1);
      }
    } else {
      take(item, list);
    }
    lua_pop(L, 1);
  }
  return out;
}

// A qubit has one letter, or one place in a matrix.
void check_distinct(const Args& a, Args::Key key, std::span<const int> qubits) {
  for (std::size_t i = 0; i < qubits.size(); ++i) {
    const auto before = qubits.first(i);
    if (std::ranges::find(before, qubits[i]) != before.end())
      a.fail(key, "qubit {} is named twice", qubits[i] + first_qubit);
  }
}

std::vector<int> joined(const std::vector<std::vector<int>>& lists) {
  std::vector<int> out;
  for (const auto& list : lists) out.insert(out.end(), list.begin(), list.end());
  return out;
}

LuaObservable tensor_hermitian(const Args& a) {
  const Value& matrix = a.object<Value>("matrix");
  const std::size_t rank = matrix.rank();
  const bool square =
      rank >= 3 && matrix.size(rank - 1) == 2 && matrix.size(rank - 2) == matrix.size(rank - 3);
  const int k = square ? log2_of(matrix.size(rank - 2)) : -1;
  if (k < 1 || rank > 4 || !is_floating(matrix.dtype())) {
    a.fail("matrix", "expected shape [d, d, 2] or [count, d, d, 2], d = 2^k, of type f32 or f64, got {} {}",
           matrix.shape().text(), dtype_name(matrix.dtype()));
  }
  TensorHermitian out{matrix, qubit_lists(a, "qubits")};
  if (rank == 3) out.qubits = {joined(out.qubits)};
  const std::int64_t blocks = rank == 4 ? matrix.size(0) : 1;
  if (static_cast<std::int64_t>(out.qubits.size()) != blocks) {
    a.fail("qubits", "expected one entry for each of {} matrices, got {}", blocks, out.qubits.size());
  }
  for (std::size_t b = 0; b < out.qubits.size(); ++b) {
    check_distinct(a, "qubits", out.qubits[b]);
    if (static_cast<int>(out.qubits[b].size()) != k) {
      a.fail("qubits", "expected {} for a {} x {} matrix, got {}", k, 1 << k, 1 << k, out.qubits[b].size());
    }
    const double off =
        distance_from_hermitian(block_of(matrix.tensor(), static_cast<std::int64_t>(b), 1 << k));
    if (!(off <= hermitian_tolerance)) {
      a.fail("matrix", "matrix {} differs from its adjoint by {:.3g}: use ms.observable.hermitian_part",
             b + 1, off);
    }
  }
  return {std::move(out)};
}

PauliSum& sum_in(LuaObservable& observable) {
  auto* fixed = std::get_if<quantum::Observable>(&observable.item);
  auto* sum = fixed == nullptr ? nullptr : std::get_if<PauliSum>(fixed);
  if (sum == nullptr) fail(ErrorKind::argument, "only Pauli words and their sums can be added and scaled");
  return *sum;
}

// A Pauli sum, or a number as a multiple of the identity.
PauliSum operand(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TNUMBER) return {{{lua_tonumber(L, index), {}}}};
  if (LuaObservable* observable = find_object<LuaObservable>(L, index)) return sum_in(*observable);
  fail(ErrorKind::argument, "expected observable or number, got {}", describe(L, index));
}

PauliSum scaled(PauliSum sum, double factor) {
  if (!std::isfinite(factor)) fail(ErrorKind::numeric, "expected a finite factor, got {}", factor);
  for (auto& word : sum.words) word.coefficient *= factor;
  return sum;
}

PauliSum added(PauliSum a, const PauliSum& b) {
  a.words.insert(a.words.end(), b.words.begin(), b.words.end());
  return a;
}

LuaObservable wrapped(quantum::Observable observable) { return {std::move(observable)}; }

void add_operator(Module& ms, const char* event, PauliSum (*apply)(lua_State*, int, int)) {
  ms.add({.name = std::string("ms.Observable:") + event,
          .documentation = "",
          .parameters = {{"a", "any", ""}, {"b", "any", ""}},
          .returns = "ms.Observable",
          .body = [apply](lua_State* L, Args& a) {
            return push(L, wrapped(apply(L, a.slot("a"), a.slot("b"))));
          }});
}

void add_operators(Module& ms) {
  add_operator(ms, "__add", [](lua_State* L, int a, int b) { return added(operand(L, a), operand(L, b)); });
  add_operator(ms, "__sub",
               [](lua_State* L, int a, int b) { return added(operand(L, a), scaled(operand(L, b), -1)); });
  add_operator(ms, "__mul", [](lua_State* L, int a, int b) {
    const bool number_first = lua_type(L, a) == LUA_TNUMBER;
    const int number = number_first ? a : b;
    if (lua_type(L, number) != LUA_TNUMBER) {
      fail(ErrorKind::argument, "an observable is multiplied by numbers only, got {}", describe(L, number));
    }
    return scaled(operand(L, number_first ? b : a), lua_tonumber(L, number));
  });
  add_operator(ms, "__div", [](lua_State* L, int a, int b) {
    if (lua_type(L, b) != LUA_TNUMBER) {
      fail(ErrorKind::argument, "an observable is divided by numbers only, got {}", describe(L, b));
    }
    return scaled(operand(L, a), 1 / lua_tonumber(L, b));
  });
  add_operator(ms, "__unm", [](lua_State* L, int a, int) { return scaled(operand(L, a), -1); });
  ms.add({.name = "ms.Observable:__tostring",
          .documentation = "",
          .parameters = {{"observable", "ms.Observable", ""}, {"unused?", "any", ""}},
          .body = [](lua_State* L, Args& a) {
            const auto& item = a.object<LuaObservable>("observable").item;
            std::string text = "probabilities of all qubits";
            if (const auto* fixed = std::get_if<quantum::Observable>(&item)) {
              text = describe(*fixed, first_qubit);
            } else if (const auto* tensor = std::get_if<TensorHermitian>(&item)) {
              text.clear();
              for (const auto& qubits : tensor->qubits) {
                text += (text.empty() ? "" : "; ") + describe(quantum::Hermitian{qubits, {}}, first_qubit);
              }
            }
            return push(L, fmt::format("[Observable {}]", text));
          }});
}

}  // namespace

quantum::ComplexMatrix matrix_of(const Args& a, Args::Key key) {
  const Value* value = find_object<Value>(a.state(), a.slot(key));
  if (value == nullptr) return matrix_from_table(a, key);
  const Tensor& tensor = constant_of(*value, "a fixed matrix");
  const std::size_t rank = tensor.rank();
  const bool square = (rank == 2 || (rank == 3 && tensor.size(2) == 2)) && tensor.size(0) == tensor.size(1);
  if (!square || tensor.size(0) < 2 || tensor.size(0) > most_rows) {
    a.fail(key, "expected shape [d, d] or [d, d, 2], got {}", tensor.shape().text());
  }
  const auto d = static_cast<int>(tensor.size(0));
  if (rank == 3) return block_of(tensor, 0, d);
  ComplexMatrix m(d);
  for (std::size_t e = 0; e < m.entries.size(); ++e) m.entries[e] = tensor.at(static_cast<std::int64_t>(e));
  return m;
}

std::vector<const LuaObservable*> observables_at(lua_State* L, int index) {
  if (const LuaObservable* one = find_object<LuaObservable>(L, index)) return {one};
  std::vector<const LuaObservable*> out;
  if (lua_istable(L, index)) {
    for (std::size_t i = 1; i <= lua_rawlen(L, index); ++i) {
      lua_rawgeti(L, index, static_cast<lua_Integer>(i));
      const LuaObservable* item = find_object<LuaObservable>(L, -1);
      if (item == nullptr)
        fail(ErrorKind::argument, "observable {}: expected observable, got {}", i, describe(L, -1));
      out.push_back(item);
      lua_pop(L, 1);
    }
  }
  if (out.empty()) {
    fail(ErrorKind::argument, "observable: expected an observable or a list of them, got {}",
         describe(L, index));
  }
  return out;
}

quantum::Readout readout_of(std::span<const LuaObservable* const> observables, int n,
                            std::vector<Value>* hermitians) {
  quantum::Readout readout;
  for (const LuaObservable* observable : observables) {
    const auto& item = observable->item;
    if (const auto* fixed = std::get_if<quantum::Observable>(&item)) {
      readout.add(*fixed);
    } else if (const auto* tensor = std::get_if<TensorHermitian>(&item)) {
      if (hermitians != nullptr) {
        readout.add_hermitian_input(tensor->qubits);
        hermitians->push_back(tensor->matrix);
        continue;
      }
      const Tensor& matrix = constant_of(tensor->matrix, "qubits that act at once");
      for (std::size_t b = 0; b < tensor->qubits.size(); ++b) {
        const int d = 1 << tensor->qubits[b].size();
        readout.add(quantum::Hermitian{tensor->qubits[b], block_of(matrix, static_cast<std::int64_t>(b), d)});
      }
    } else {
      quantum::Probabilities all;
      all.qubits.resize(static_cast<std::size_t>(n));
      std::iota(all.qubits.begin(), all.qubits.end(), 0);
      readout.add(std::move(all));
    }
  }
  return readout;
}

void open_observables(Module& ms) {
  ms.add_class<LuaObservable>();
  add_operators(ms);
  ms.add({.name = "ms.observable.pauli",
          .documentation = "Makes a Pauli word, such as \"ZZ\".\n\nWords add up and scale: 0.5 * z - x + 1.",
          .parameters = {{"word", "string", "Letters I, X, Y, Z, one for each qubit."},
                         {"qubits?", qubits_type, "Which qubits; without them 1, 2, ..."}},
          .returns = "ms.Observable",
          .example = "local pauli = ms.observable.pauli\nprint(0.5 * pauli(\"XX\") - pauli(\"Z\", 2) + 1)",
          .body = [](lua_State* L, Args& a) {
            const std::string_view letters = a.string("word");
            std::vector<int> qubits;
            if (a.given("qubits")) {
              qubits = qubits_of(a, "qubits");
              check_distinct(a, "qubits", qubits);
            } else {
              if (letters.size() > quantum::max_qubits) {
                a.fail("word", "expected at most {} letters, got {}", quantum::max_qubits, letters.size());
              }
              qubits.resize(letters.size());
              std::iota(qubits.begin(), qubits.end(), 0);
            }
            return push(L, wrapped(PauliSum{{quantum::pauli_word(letters, qubits)}}));
          }});
  ms.add(
      {.name = "ms.observable.hermitian",
       .documentation =
           "Makes an observable of a Hermitian matrix.\n\nA table of rows is a fixed matrix. A tensor takes "
           "part in "
           "derivatives; [count, d, d, 2] makes `count` observables, with one entry of `qubits` for each.",
       .parameters = {{"matrix", matrix_type, "2^k rows of numbers or of {re, im}, or a tensor [d, d, 2]."},
                      {"qubits", "integer|table",
                       "k qubits, the first most significant; or a list of such lists."}},
       .returns = "ms.Observable",
       .example = "print(ms.observable.hermitian({{1, {0, -1}}, {{0, 1}, 1}}, 2))",
       .body = [](lua_State* L, Args& a) {
         if (find_object<Value>(L, a.slot("matrix")) != nullptr) return push(L, tensor_hermitian(a));
         const std::vector<int> qubits = joined(qubit_lists(a, "qubits"));
         check_distinct(a, "qubits", qubits);
         return push(L, wrapped(quantum::hermitian(matrix_of(a, "matrix"), qubits)));
       }});
  ms.add(
      {.name = "ms.observable.hermitian_part",
       .documentation = "Gives (A + A^H) / 2 of complex matrices.",
       .parameters = {{"a", "ms.Tensor", "[..., d, d, 2], real and imaginary parts last."}},
       .returns = "ms.Tensor: the same shape",
       .example = "print(ms.observable.hermitian_part(ms.ones{2, 2, 2}))",
       .body = [](lua_State* L, Args& a) { return push(L, quantum::hermitian_part(a.object<Value>("a"))); }});
  ms.add(
      {.name = "ms.observable.probabilities",
       .documentation = "Makes the probabilities of the 2^k basis states of k qubits, which are 2^k outputs.",
       .parameters = {{"qubits?", qubits_type, "The first is most significant; without them all."}},
       .returns = "ms.Observable",
       .example = "print(ms.circuit(2):h(1){observable = ms.observable.probabilities(1)})",
       .body = [](lua_State* L, Args& a) {
         if (!a.given("qubits")) return push(L, LuaObservable{AllProbabilities{}});
         const std::vector<int> qubits = qubits_of(a, "qubits");
         check_distinct(a, "qubits", qubits);
         return push(L, wrapped(quantum::Probabilities{qubits}));
       }});
}

}  // namespace moonstill::lua
