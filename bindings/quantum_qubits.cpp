// ms.qubits: the eager simulator.
#include <numeric>

#include "bindings/core.hpp"
#include "bindings/quantum.hpp"
#include "engine/core/error.hpp"
#include "engine/core/pieces.hpp"
#include "engine/quantum/reduced.hpp"

namespace moonstill::lua {

using quantum::Gate;

namespace {

constexpr std::size_t most_shots = 100'000'000;
constexpr std::size_t between_polls = 4096;  // outcomes or amplitudes

int push_self(lua_State* L) {
  lua_pushvalue(L, 1);
  return 1;
}

void add_gates(Module& ms) {
  for (const Gate& gate : quantum::gates()) {
    FunctionRow row = gate_row(gate, "ms.Qubits", "number");
    row.returns = "ms.Qubits: itself";
    row.body = [&gate](lua_State* L, Args& a) {
      auto& qubits = a.self<LuaQubits>();
      GateCall call = gate_call(gate, a, qubits.state.count());
      std::vector<double> angles;
      for (int m = 0; m < gate.angles(); ++m) {
        const std::string_view name = gate.angle_names[static_cast<std::size_t>(m)];
        if (!a.given(name)) a.fail(name, "expected number, got nothing");
        angles.push_back(a.number(name));
      }
      qubits.state.apply(gate, std::move(call.qubits), angles, std::move(call.controls));
      return push_self(L);
    };
    ms.add(std::move(row));
  }
  ms.add({.name = "ms.Qubits:unitary",
          .documentation = "Applies a unitary matrix of your own.",
          .parameters = {{"matrix", matrix_type,
                          "2^k rows of numbers or of {re, im}, or a tensor [d, d] or [d, d, 2]."},
                         {"qubits", qubits_type, "k qubits, the first most significant."}},
          .options = {{"controls", qubits_type, "Further qubits that must be 1.", "{}"}},
          .returns = "ms.Qubits: itself",
          .example = "print(ms.qubits(2):unitary({{0, 1}, {1, 0}}, 2))",
          .body = [](lua_State* L, Args& a) {
            a.self<LuaQubits>().state.apply(matrix_of(a, "matrix"), qubits_of(a, "qubits"),
                                            qubits_of(a, "controls"));
            return push_self(L);
          }});
}

std::string bits(std::uint64_t state, int count) {
  std::string text;
  for (int bit = count - 1; bit >= 0; --bit) text += ((state >> bit) & 1) != 0 ? '1' : '0';
  return text;
}

Tensor vector_of(const std::vector<double>& numbers) {
  return Tensor::from(numbers, {static_cast<std::int64_t>(numbers.size())}, DType::f64);
}

std::vector<int> some_or_all(const Args& a, int n) {
  if (a.given("qubits")) return qubits_of(a, "qubits");
  std::vector<int> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

void add_readings(Module& ms) {
  ms.add({.name = "ms.Qubits:probabilities",
          .documentation = "Gives the probabilities of the basis states of some qubits.",
          .parameters = {{"qubits?", qubits_type, "The first is most significant; without them all."}},
          .returns = "ms.Tensor: [2^k]",
          .example = "print(ms.qubits(2):h(1):probabilities())",
          .body = [](lua_State* L, Args& a) {
            const std::vector<int> qubits = a.given("qubits") ? qubits_of(a, "qubits") : std::vector<int>{};
            return push(L, Value(a.self<LuaQubits>().state.probabilities(qubits)));
          }});
  ms.add({.name = "ms.Qubits:sample",
          .documentation = "Measures all qubits a number of times and counts the outcomes; the state stays.",
          .parameters = {{"shots", "integer", "How many times.", "1000"},
                         {"rng?", "ms.Generator",
                          "Without it, numbers of a fixed seed go on from call to call."}},
          .returns = "table: counts by outcome, such as {[\"00\"] = 503, [\"11\"] = 497}",
          .example = "local q = ms.qubits(2):h(1):cnot(1, 2)\nprint(q:sample(1000)[\"11\"])",
          .body = [](lua_State* L, Args& a) {
            auto& qubits = a.self<LuaQubits>();
            const std::size_t shots = a.size("shots");
            if (shots > most_shots) a.fail("shots", "expected at most {}, got {}", most_shots, shots);
            Generator random = a.given("rng") ? a.object<Generator>("rng") : qubits.random;
            lua_newtable(L);
            const auto outcomes = qubits.state.sample(static_cast<std::int64_t>(shots), random);
            in_pieces(outcomes.size(), between_polls, [&](std::size_t begin, std::size_t end) {
              for (const auto& [state, count] : std::span(outcomes).subspan(begin, end - begin)) {
                push(L, count);
                lua_setfield(L, -2, bits(state, qubits.state.count()).c_str());
              }
            });
            return 1;
          }});
  ms.add({.name = "ms.Qubits:expectation",
          .documentation = "Gives expectation values.",
          .parameters = {{"observable", "ms.Observable|ms.Observable[]", "One, or a list."}},
          .returns = "number|ms.Tensor: a number, or [outputs] when there are several",
          .example = "print(ms.qubits(1):h(1):expectation(ms.observable.pauli(\"X\")))",
          .body = [](lua_State* L, Args& a) {
            const auto& state = a.self<LuaQubits>().state;
            const quantum::Readout readout =
                readout_of(observables_at(L, a.slot("observable")), state.count(), nullptr);
            std::vector<double> numbers;
            for (const auto& observable : readout.observables()) {
              const auto part = state.expectation(observable);
              numbers.insert(numbers.end(), part.begin(), part.end());
            }
            if (numbers.size() == 1) return push(L, numbers[0]);
            return push(L, Value(vector_of(numbers)));
          }});
  ms.add(
      {.name = "ms.Qubits:density",
       .documentation = "Gives the density matrix of some qubits, the others traced out.",
       .parameters = {{"qubits?", qubits_type, "At most 10, the first most significant; without them all."}},
       .returns = "ms.Tensor: [2^k, 2^k, 2], real and imaginary parts last",
       .example = "local bell = ms.qubits(2):h(1):cnot(1, 2)\nprint(bell:density(1))",
       .body = [](lua_State* L, Args& a) {
         const auto& state = a.self<LuaQubits>().state;
         return push(L, Value(matrix_tensor(quantum::density(state, some_or_all(a, state.count())))));
       }});
  ms.add({.name = "ms.Qubits:bloch",
          .documentation = "Gives the Bloch vector of a qubit: its expectation values of X, Y and Z.\n\nIts "
                           "length is 1 where "
                           "the qubit is entangled with no other, and 0 where it is so fully.",
          .parameters = {{"qubit", "integer", "Which one."}},
          .returns = "number[]: {x, y, z}",
          .example = "print(table.concat(ms.qubits(1):h(1):bloch(1), \" \"))",
          .body = [](lua_State* L, Args& a) {
            const auto& state = a.self<LuaQubits>().state;
            const auto qubit = static_cast<int>(a.qubit("qubit", static_cast<std::size_t>(state.count())));
            const quantum::ComplexMatrix rho = quantum::density(state, {qubit});
            return push(L, std::vector<double>{2 * rho(1, 0).real(), 2 * rho(1, 0).imag(),
                                               rho(0, 0).real() - rho(1, 1).real()});
          }});
  ms.add({.name = "ms.Qubits:entropy",
          .documentation = "Gives the entanglement entropy between two parts of the qubits, in bits.\n\nIt "
                           "is -sum p log2 p over "
                           "the squared Schmidt coefficients: 0 for a product, 1 for a Bell pair, at most "
                           "the number of qubits "
                           "of the smaller part, which may have 10.",
          .parameters = {{"cut", qubits_type,
                          "Parts qubits 1 to `cut` from those behind; or a list: these from the others."}},
          .returns = "number",
          .example = "print(ms.qubits(2):h(1):cnot(1, 2):entropy(1))",
          .body = [](lua_State* L, Args& a) {
            const auto& state = a.self<LuaQubits>().state;
            std::vector<int> part = qubits_of(a, "cut");
            if (lua_type(L, a.slot("cut")) == LUA_TNUMBER) {
              part.resize(a.qubit("cut", static_cast<std::size_t>(state.count())) + 1);
              std::iota(part.begin(), part.end(), 0);
            }
            return push(L, quantum::entropy(state, part));
          }});
  ms.add(
      {.name = "ms.Qubits:amplitudes",
       .documentation = "Gives all amplitudes, real and imaginary parts along the last axis.",
       .returns = "ms.Tensor: [2^n, 2]",
       .example = "print(ms.qubits(1):h(1):amplitudes())",
       .body = [](lua_State* L, Args& a) { return push(L, Value(a.self<LuaQubits>().state.amplitudes())); }});
  ms.add({.name = "ms.Qubits:qubits",
          .documentation = "Gives the number of qubits.",
          .returns = "integer",
          .example = "print(ms.qubits(3):qubits())",
          .body = [](lua_State* L, Args& a) { return push(L, a.self<LuaQubits>().state.count()); }});
}

}  // namespace

void open_qubits(Module& ms) {
  ms.add_class<LuaQubits>();
  ms.add(
      {.name = "ms.qubits",
       .documentation = "Makes qubits, all of them 0, for gates that act at once.",
       .parameters = {{"qubits", "integer", "1 to 24."}},
       .options = {{"dtype", floating_type, "Type of the amplitudes.", "\"f64\""}},
       .returns = "ms.Qubits",
       .example = "local q = ms.qubits(2)\nprint(q:h(1):cnot(1, 2))",
       .body = [](lua_State* L, Args& a) {
         const DType dtype = a.choice("dtype") == 0 ? DType::f32 : DType::f64;
         return push(L, LuaQubits{quantum::Qubits(qubit_count(a, dtype), dtype, first_qubit), Generator(0)});
       }});
  add_gates(ms);
  ms.add({.name = "ms.Qubits:reset",
          .documentation = "Sets all qubits to 0.",
          .returns = "ms.Qubits: itself",
          .example = "print(ms.qubits(1):h(1):reset())",
          .body = [](lua_State* L, Args& a) {
            a.self<LuaQubits>().state.reset();
            return push_self(L);
          }});
  ms.add({.name = "ms.Qubits:set_amplitudes",
          .documentation = "Sets the state to given amplitudes, divided by their 2-norm.",
          .parameters = {{"amplitudes", "ms.Tensor", "[2^n] real numbers, or [2^n, 2]."}},
          .returns = "ms.Qubits: itself",
          .example = "print(ms.qubits(1):set_amplitudes(ms.tensor{1, 1}))",
          .body = [](lua_State* L, Args& a) {
            const Tensor& x = constant_of(a.object<Value>("amplitudes"), "qubits that act at once");
            if (x.rank() != 1 && !(x.rank() == 2 && x.size(1) == 2)) {
              a.fail("amplitudes", "expected shape [2^n] or [2^n, 2], got {}", x.shape().text());
            }
            std::vector<std::complex<double>> amplitudes(static_cast<std::size_t>(x.size(0)));
            for (std::size_t r = 0; r < amplitudes.size(); ++r) {
              if (r % between_polls == 0) poll_interrupt();
              const auto at = static_cast<std::int64_t>(r);
              amplitudes[r] = x.rank() == 1 ? x.at(at) : std::complex<double>(x.at(2 * at), x.at(2 * at + 1));
            }
            a.self<LuaQubits>().state.set_amplitudes(amplitudes);
            return push_self(L);
          }});
  add_readings(ms);
  ms.add({.name = "ms.Qubits:__tostring",
          .documentation = "",
          .parameters = {{"qubits", "ms.Qubits", ""}, {"unused?", "any", ""}},
          .body = [](lua_State* L, Args& a) { return push(L, a.object<LuaQubits>("qubits").state.text()); }});
}

}  // namespace moonstill::lua
