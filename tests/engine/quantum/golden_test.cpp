// The engine against PennyLane's numbers (tests/golden/qnn.json), by every route and in both types: states,
// values, gradients, Hessian-vector products.
#include <array>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/quantum/expectation.hpp"
#include "engine/quantum/sweep.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::quantum {
namespace {

using nlohmann::json;
using test::relative_error;
using test::values;

double tolerance(DType dtype) { return dtype == DType::f32 ? 1e-5 : 1e-10; }

const json& golden() {
  static const json numbers = [] {
    std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "../../golden/qnn.json");
    return json::parse(file);
  }();
  return numbers;
}

void flatten_into(const json& numbers, std::vector<double>& out) {
  if (!numbers.is_array()) return out.push_back(numbers.get<double>());
  for (const json& part : numbers) flatten_into(part, out);
}

std::vector<double> flat(const json& numbers) {
  std::vector<double> out;
  flatten_into(numbers, out);
  return out;
}

Tensor tensor(const json& numbers, const Shape& shape, DType dtype) {
  return Tensor::from(flat(numbers), shape, dtype);
}

// The numbers of one sample for each of `samples`; 0: without a batch axis.
std::vector<double> repeated(const std::vector<double>& numbers, std::int64_t samples) {
  std::vector<double> out = numbers;
  for (std::int64_t i = 1; i < samples; ++i) out.insert(out.end(), numbers.begin(), numbers.end());
  return out;
}

Tensor repeated(const json& numbers, std::int64_t samples, DType dtype) {
  const auto size = static_cast<std::int64_t>(numbers.size());
  const Shape shape = samples == 0 ? Shape{size} : Shape{samples, size};
  return Tensor::from(repeated(flat(numbers), samples), shape, dtype);
}

// Calls body(route, type) in a section for each.
template <class Body>
void each_route(std::span<const Route> routes, Body&& body) {
  constexpr std::array names{"tiles", "contract", "state"};
  for (const Route route : routes) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      DYNAMIC_SECTION(names[static_cast<std::size_t>(route)] << ", "
                                                             << (dtype == DType::f32 ? "f32" : "f64")) {
        body(route, dtype);
      }
    }
  }
}

// [re..., im...] as [..., 2].
std::vector<double> interleaved(const json& planes) {
  const std::vector<double> re = flat(planes[0]);
  const std::vector<double> im = flat(planes[1]);
  std::vector<double> out;
  for (std::size_t e = 0; e < re.size(); ++e) out.insert(out.end(), {re[e], im[e]});
  return out;
}

Circuit paper_circuit() {
  Circuit circuit(6);
  const int x = circuit.add_input("x", {64});
  const int w = circuit.add_input("w", {3, 6, 3});
  return circuit.amplitudes(x).strongly_entangling(w);
}

Readout paper_readout() { return Readout().add_hermitian_input({{0}, {1}, {2}, {3}, {4}, {5}}); }

std::string lower(std::string name) {
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

Circuit golden_circuit(const json& described) {
  Circuit circuit(described["n"].get<int>());
  const int input = circuit.add_input("theta", {static_cast<std::int64_t>(described["params"].size())});
  for (const json& op : described["ops"]) {
    const std::string name = lower(op["gate"].get<std::string>());
    std::vector<Angle> angles;
    for (const json& slot : op["params"]) angles.push_back({input, slot.get<std::int64_t>()});
    circuit.add(gate(name), op["wires"].get<std::vector<int>>(), angles);
  }
  return circuit;
}

Readout golden_readout(const json& described) {
  Readout readout;
  for (const json& item : described["observables"]) {
    const std::string letter(1, item[0].get<std::string>().back());
    readout.add(PauliSum{{pauli_word(letter, std::array{item[1].get<int>()})}});
  }
  return readout;
}

}  // namespace

TEST_CASE("gates have the golden matrices", "[quantum][golden]") {
  for (const auto& [name, matrix] : golden()["gate_matrices"].items()) {
    DYNAMIC_SECTION(name) {
      const Gate& row = gate(lower(name));
      const std::array<double, 3> angles{0.3, 0.5, 0.7};
      std::vector<double> got;
      for (const auto& entry : full_matrix(row, angles).entries)
        got.insert(got.end(), {entry.real(), entry.imag()});
      CHECK(relative_error(got, interleaved(matrix)) < tolerance(DType::f64));
    }
  }
}

TEST_CASE("the paper's layer has the golden values and derivatives", "[quantum][golden]") {
  const json& g = golden()["sel6"];
  each_route(std::array{Route::tiles, Route::contract, Route::state}, [&](Route route, DType dtype) {
    const auto measurement =
        std::make_shared<const Measurement>(Measurement{paper_circuit(), paper_readout(), {route, {}}});
    const auto make_point = [&](const json& inputs, const json& weights, const json& hermitians) {
      return std::vector<Value>{tensor(inputs, {4, 64}, dtype), tensor(weights, {3, 6, 3}, dtype),
                                tensor(hermitians, {6, 2, 2, 2}, dtype)};
    };
    const auto check = [&](const Value& got, const std::vector<double>& expected) {
      CHECK(relative_error(values(got.tensor()), expected) < tolerance(dtype));
    };
    const std::vector<Value> point = make_point(g["inputs"], g["weights"], g["herm_params"]);
    const Value cotangent = tensor(g["cotangent"], {4, 6}, dtype);
    const auto layer = [&](std::span<const Value> x) {
      const Value hermitians = hermitian_part(x[2]);
      return expectation(measurement, x.first(2), std::span(&hermitians, 1));
    };
    const Function loss = [&](std::span<const Value> x) {
      return Values{ops::sum(ops::mul(layer(x), cotangent))};
    };

    check(layer(point), flat(g["expvals"]));
    SweepPoint at;
    at.angles = {Tensor(), point[1].tensor()};
    at.amplitudes = ops::unit(point[0]).tensor();
    check(final_states(measurement->circuit, at, dtype, {route, {}}), interleaved(g["state"]));

    const GradResult first = value_and_grad(loss, point);
    const json& d = g["hvp_direction"];
    const Values second = hvp(loss, point, make_point(d["inputs"], d["weights"], d["herm_params"]));
    for (std::size_t i = 0; const char* const name : {"inputs", "weights", "herm_params"}) {
      check(first.gradient[i], flat(g["grad"][name]));
      check(second[i++], flat(g["hvp"][name]));
    }
  });
}

TEST_CASE("random circuits have the golden values and derivatives", "[quantum][golden]") {
  for (const json& g : golden()["circuits"]) {
    for (const std::int64_t samples : {0, 3}) {
      DYNAMIC_SECTION(g["n"].get<int>() << " qubits, " << samples << " samples") {
        // Without a batch axis there is one route only.
        const std::array routes{Route::state, Route::tiles};
        each_route(std::span(routes).first(samples == 0 ? 1 : 2), [&](Route route, DType dtype) {
          const auto measurement = std::make_shared<const Measurement>(
              Measurement{golden_circuit(g), golden_readout(g), {route, {}}});
          const auto check = [&](const Value& got, const std::vector<double>& expected) {
            CHECK(relative_error(values(got.tensor()), repeated(expected, samples)) < tolerance(dtype));
          };
          const std::vector<Value> point{repeated(g["params"], samples, dtype)};
          const Value cotangent = repeated(g["cotangent"], samples, dtype);
          const Function loss = [&](std::span<const Value> x) {
            return Values{ops::sum(ops::mul(expectation(measurement, x), cotangent))};
          };
          check(expectation(measurement, point), flat(g["expvals"]));
          SweepPoint at;
          at.angles = {point[0].tensor()};
          check(final_states(measurement->circuit, at, dtype, {route, {}}), interleaved(g["state"]));
          check(value_and_grad(loss, point).gradient[0], flat(g["grad"]));
          const std::vector<Value> direction{repeated(g["hvp_direction"], samples, dtype)};
          check(hvp(loss, point, direction)[0], flat(g["hvp"]));
        });
      }
    }
  }
}

}  // namespace moonstill::quantum
