// The engine against PennyLane's numbers (tests/golden/qnn.json): states, values, gradients, Hessian-vector
// products.
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/autograd/ops.hpp"
#include "engine/autograd/transforms.hpp"
#include "engine/quantum/expectation.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/tensors.hpp"

namespace moonstill::quantum {
namespace {

using nlohmann::json;
using test::relative_error;
using test::values;

constexpr double tolerance = 1e-10;

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

Tensor tensor(const json& numbers, const Shape& shape) {
  return Tensor::from(flat(numbers), shape, DType::f64);
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
      CHECK(relative_error(got, interleaved(matrix)) < tolerance);
    }
  }
}

TEST_CASE("the paper's layer has the golden values and derivatives", "[quantum][golden]") {
  const json& g = golden()["sel6"];
  const Circuit circuit = paper_circuit();
  const Readout readout = paper_readout();
  const std::vector<Value> point{tensor(g["inputs"], {4, 64}), tensor(g["weights"], {3, 6, 3}),
                                 tensor(g["herm_params"], {6, 2, 2, 2})};
  const Value cotangent = tensor(g["cotangent"], {4, 6});
  const auto layer = [&](std::span<const Value> x) {
    const Value hermitians = hermitian_part(x[2]);
    return expectation(circuit, readout, x.first(2), std::span(&hermitians, 1));
  };
  const Function loss = [&](std::span<const Value> x) {
    return Values{ops::sum(ops::mul(layer(x), cotangent))};
  };

  CHECK(relative_error(values(layer(point).tensor()), flat(g["expvals"])) < tolerance);
  CHECK(relative_error(values(state(circuit, std::span(point).first(2)).tensor()), interleaved(g["state"])) <
        tolerance);

  const GradResult first = value_and_grad(loss, point);
  CHECK(relative_error(values(first.gradient[0].tensor()), flat(g["grad"]["inputs"])) < tolerance);
  CHECK(relative_error(values(first.gradient[1].tensor()), flat(g["grad"]["weights"])) < tolerance);
  CHECK(relative_error(values(first.gradient[2].tensor()), flat(g["grad"]["herm_params"])) < tolerance);

  const json& d = g["hvp_direction"];
  const std::vector<Value> direction{tensor(d["inputs"], {4, 64}), tensor(d["weights"], {3, 6, 3}),
                                     tensor(d["herm_params"], {6, 2, 2, 2})};
  const Values second = hvp(loss, point, direction);
  CHECK(relative_error(values(second[0].tensor()), flat(g["hvp"]["inputs"])) < tolerance);
  CHECK(relative_error(values(second[1].tensor()), flat(g["hvp"]["weights"])) < tolerance);
  CHECK(relative_error(values(second[2].tensor()), flat(g["hvp"]["herm_params"])) < tolerance);
}

TEST_CASE("random circuits have the golden values and derivatives", "[quantum][golden]") {
  for (const json& g : golden()["circuits"]) {
    DYNAMIC_SECTION(g["n"].get<int>() << " qubits") {
      const Circuit circuit = golden_circuit(g);
      const Readout readout = golden_readout(g);
      const auto size = static_cast<std::int64_t>(g["params"].size());
      const std::vector<Value> point{tensor(g["params"], {size})};
      const Value cotangent = tensor(g["cotangent"], {static_cast<std::int64_t>(g["cotangent"].size())});
      const Function loss = [&](std::span<const Value> x) {
        return Values{ops::sum(ops::mul(expectation(circuit, readout, x), cotangent))};
      };
      CHECK(relative_error(values(expectation(circuit, readout, point).tensor()), flat(g["expvals"])) <
            tolerance);
      CHECK(relative_error(values(state(circuit, point).tensor()), interleaved(g["state"])) < tolerance);
      CHECK(relative_error(values(value_and_grad(loss, point).gradient[0].tensor()), flat(g["grad"])) <
            tolerance);
      const std::vector<Value> direction{tensor(g["hvp_direction"], {size})};
      CHECK(relative_error(values(hvp(loss, point, direction)[0].tensor()), flat(g["hvp"])) < tolerance);
    }
  }
}

}  // namespace moonstill::quantum
