// Every registered primitive against central differences, to third order.
#include <set>
#include <string>

#include "engine/autograd/gradcheck.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

TEST_CASE("derivatives of every primitive agree with differences, three times over", "[autograd]") {
  for (const Primitive* primitive : primitives()) {
    DYNAMIC_SECTION(primitive->name) {
      REQUIRE(primitive->samples != nullptr);
      CHECK(gradcheck(*primitive, {.order = 3}) < 1e-6);
    }
  }
}

TEST_CASE("primitives have names of their own and a line of documentation", "[autograd]") {
  std::set<std::string_view> names;
  for (const Primitive* primitive : primitives()) {
    CHECK(names.insert(primitive->name).second);
    CHECK(primitive->documentation.ends_with('.'));
  }
}

// A primitive whose derivative is wrong by one part in a thousand.
TEST_CASE("the gradient check notices a wrong derivative", "[autograd]") {
  static constexpr Primitive wrong{"wrong",
                                   "Squares.",
                                   [](const Attributes&, std::span<const Tensor> in) -> std::vector<Tensor> {
                                     return {ops::square(in[0]).tensor()};
                                   },
                                   [](const Call& call, std::span<const Value> ct) -> std::vector<Value> {
                                     return {ops::mul(ct[0], ops::scale(call.inputs[0], 2.002))};
                                   },
                                   -1,
                                   [] {
                                     return std::vector<Sample>{{{}, {Tensor::full({3}, 0.7, DType::f64)}}};
                                   }};
  CHECK_THROWS_AS(gradcheck(wrong), Error);
}

TEST_CASE("operations refuse what does not fit, with the shapes", "[autograd]") {
  const Value a = Tensor::zeros({2, 3}, DType::f32);
  const Value whole = Tensor::zeros({2}, DType::i32);
  using test::ContainsSubstring;
  CHECK_THROWS_WITH(ops::add(a, Tensor::zeros({2}, DType::f32)),
                    ContainsSubstring("add: shapes [2, 3] and [2] do not fit together"));
  CHECK_THROWS_WITH(ops::matmul(a, a),
                    ContainsSubstring("matmul: inner sizes differ: a is [2, 3], b is [2, 3]"));
  CHECK_THROWS_WITH(ops::exp(whole), ContainsSubstring("exp: expected an f32 or f64 tensor, got i32"));
  CHECK_THROWS_WITH(ops::reshape(a, {4}), ContainsSubstring("reshape: [2, 3] holds 6 elements, [4] holds 4"));
  CHECK_THROWS_WITH(ops::slice(a, 1, 2, 2), ContainsSubstring("slice: 3..4 is outside 1..3 of axis 2"));
  CHECK_THROWS_WITH(ops::conv(a, a, {}), ContainsSubstring("conv: expected x [N, C, H, W]"));
}

TEST_CASE("unlike floating types meet in f64", "[autograd]") {
  const Value sum = ops::add(Tensor::full({2}, 0.1, DType::f32), Tensor::full({2}, 0.2, DType::f64));
  CHECK(sum.dtype() == DType::f64);
}

}  // namespace
}  // namespace moonstill
