// ms.nn in C++: initial values, losses, convolution and pooling. The layers are written in Lua
// (stdlib/moonstill/nn).
#include <fmt/core.h>

#include <array>
#include <cmath>

#include "bindings/core.hpp"
#include "bindings/host/modules.hpp"
#include "bindings/tensor.hpp"
#include "engine/autograd/ops.hpp"
#include "engine/core/error.hpp"
#include "engine/nn/initialisers.hpp"
#include "engine/nn/losses.hpp"

namespace moonstill::lua {
namespace {

constexpr const char* initialiser_type =
    "\"zeros\"|\"ones\"|\"normal\"|\"uniform\"|\"xavier_normal\"|\"xavier_uniform\"|\"kaiming_normal\"|"
    "\"kaiming_uniform\"|\"orthogonal\"";

// Class numbers count from 1 in Lua: a list, an i32 tensor, or (differentiable) probabilities [N, C].
Value targets_of(lua_State* L, const Args& a, Args::Key key) {
  Value given = lua_istable(L, a.slot(key)) ? Value(tensor_from_table(L, a.slot(key), DType::i32))
                                            : a.object<Value>(key);
  if (is_floating(given.dtype())) return given;
  const Tensor numbers = given.tensor().row_major();
  Tensor from_zero = Tensor::empty(numbers.shape(), DType::i32);
  for (std::int64_t i = 0; i < numbers.count(); ++i) {
    const auto number = static_cast<std::int32_t>(numbers.at(i));
    if (number < 1) a.fail(key, "classes count from 1, got {} for sample {}", number, i + 1);
    from_zero.write<std::int32_t>()[static_cast<std::size_t>(i)] = number - 1;
  }
  return from_zero;
}

void check_range(const Args& a, Args::Key key, const Value& logits, const Value& targets) {
  if (is_floating(targets.dtype()) || logits.rank() != 2) return;
  for (const std::int32_t label : targets.tensor().data<std::int32_t>()) {
    if (label >= logits.size(1)) a.fail(key, "class {} is outside 1..{}", label + 1, logits.size(1));
  }
}

const Param targets_param{"targets", "ms.Tensor|integer[]",
                          "Classes [batch], counted from 1, or probabilities [batch, classes]."};
const Param logits_param{"logits", "ms.Tensor", "[batch, classes]."};

void add_losses(Module& ms) {
  ms.add(
      {.name = "ms.nn.cross_entropy",
       .documentation = "Computes the cross entropy of softmax(logits) and targets, averaged over the batch.",
       .parameters = {logits_param, targets_param},
       .returns = "ms.Tensor: a scalar",
       .example = "print(ms.nn.cross_entropy(ms.zeros{2, 3}, {1, 2}))",
       .body = [](lua_State* L, Args& a) {
         const Value& logits = a.object<Value>("logits");
         const Value targets = targets_of(L, a, "targets");
         check_range(a, "targets", logits, targets);
         return push(L, nn::cross_entropy(logits, targets));
       }});
  ms.add(
      {.name = "ms.nn.mse",
       .documentation = "Computes the mean of the squared differences.",
       .parameters = {{"prediction", "ms.Tensor", "Any shape."}, {"target", "ms.Tensor", "The same shape."}},
       .returns = "ms.Tensor: a scalar",
       .example = "print(ms.nn.mse(ms.tensor { 1, 2 }, ms.tensor { 1, 4 }))",
       .body = [](lua_State* L, Args& a) {
         return push(L, nn::mean_squared_error(a.object<Value>("prediction"), a.object<Value>("target")));
       }});
  ms.add({.name = "ms.nn.accuracy",
          .documentation = "Gives the share of samples whose largest logit is their class's.",
          .parameters = {logits_param, targets_param},
          .returns = "number: 0 to 1",
          .example = "print(ms.nn.accuracy(ms.tensor { { 1, 0 }, { 1, 0 } }, { 1, 2 }))",
          .body = [](lua_State* L, Args& a) {
            const Value& logits = a.object<Value>("logits");
            return push(L, nn::accuracy(logits.tensor(), targets_of(L, a, "targets").tensor()));
          }});
  ms.add({.name = "ms.nn.one_hot",
          .documentation = "Makes rows of a unit matrix from class numbers.",
          .parameters = {{"labels", "ms.Tensor|integer[]", "Classes [batch], counted from 1."},
                         {"classes", "integer", "How many classes there are."}},
          .options = {{"dtype", floating_type, "Element type.", "\"f32\""}},
          .returns = "ms.Tensor: [batch, classes]",
          .example = "print(ms.nn.one_hot({2, 1}, 3))",
          .body = [](lua_State* L, Args& a) {
            const Value labels = targets_of(L, a, "labels");
            const auto classes = static_cast<std::int64_t>(a.size("classes", 1));
            check_range(a, "labels", Tensor::zeros({1, classes}, DType::u8), labels);
            return push(L, Value(nn::one_hot(labels.tensor(), classes, dtype_of(a, "dtype"))));
          }});
}

PoolGeometry windows_of(Args& a) {
  const std::int64_t window = a.integer("window");
  return {window, a.given("stride") ? a.integer("stride") : window};
}

void add_windows(Module& ms) {
  ms.add({.name = "ms.nn.add_relu",
          .documentation = "Computes the sum of two tensors, broadcast, where it is positive, else 0.",
          .parameters = {{"a", "ms.Tensor", "Such as a layer's product."},
                         {"b", "ms.Tensor", "Such as its bias."}},
          .returns = "ms.Tensor",
          .example = "print(ms.nn.add_relu(ms.tensor{1, -1}, ms.tensor{0.5}))",
          .body = [](lua_State* L, Args& a) {
            return push(L, ops::add_relu(a.object<Value>("a"), a.object<Value>("b")));
          }});
  ms.add({.name = "ms.nn.convolve",
          .documentation =
              "Computes the two-dimensional convolution (cross-correlation) of images with kernels.",
          .parameters = {{"x", "ms.Tensor", "[batch, channels, height, width]"},
                         {"weight", "ms.Tensor", "[out, channels, kernel, kernel]"}},
          .options = {{"stride", "integer", "Step between windows.", "1"},
                      {"padding", "integer", "Zeros on each side.", "0"}},
          .returns = "ms.Tensor: [batch, out, height', width']",
          .example = "local x = ms.linspace(1, 9, 9):reshape { 1, 1, 3, 3 }\n"
                     "print(ms.nn.convolve(x, ms.ones { 1, 1, 2, 2 }))",
          .body = [](lua_State* L, Args& a) {
            return push(L, ops::conv(a.object<Value>("x"), a.object<Value>("weight"),
                                     {a.integer("stride"), a.integer("padding")}));
          }});
  ms.add({.name = "ms.nn.convolve_pool",
          .documentation = "Computes ms.nn.pool_max of ms.nn.convolve, without keeping the convolution.",
          .parameters = {{"x", "ms.Tensor", "[batch, channels, height, width]"},
                         {"weight", "ms.Tensor", "[out, channels, kernel, kernel]"}},
          .options = {{"stride", "integer", "Step between the kernel's places.", "1"},
                      {"padding", "integer", "Zeros on each side.", "0"},
                      {"window", "integer", "Side of a pooling window.", "2"},
                      {"window_stride?", "integer", "Step between windows; the window's side if left out."}},
          .returns = "ms.Tensor: [batch, out, height', width']",
          .example = "local x, weight = ms.ones { 1, 1, 6, 6 }, ms.ones { 2, 1, 3, 3 }\n"
                     "print(ms.nn.convolve_pool(x, weight))",
          .body = [](lua_State* L, Args& a) {
            const std::int64_t window = a.integer("window");
            return push(L, ops::conv_max_pool(
                               a.object<Value>("x"), a.object<Value>("weight"),
                               {a.integer("stride"), a.integer("padding")},
                               {window, a.given("window_stride") ? a.integer("window_stride") : window}));
          }});
  const auto add_pool = [&](const char* name, Value (*pool)(const Value&, PoolGeometry),
                            const char* documentation) {
    ms.add({.name = name,
            .documentation = documentation,
            .parameters = {{"x", "ms.Tensor", "[batch, channels, height, width]"}},
            .options = {{"window", "integer", "Side of a window.", "2"},
                        {"stride?", "integer", "Step between windows; the window's side if left out."}},
            .returns = "ms.Tensor: [batch, channels, height', width']",
            .example = fmt::format("print({}(ms.linspace(1, 16, 16):reshape {{ 1, 1, 4, 4 }}))", name),
            .body = [pool](lua_State* L, Args& a) {
              return push(L, pool(a.object<Value>("x"), windows_of(a)));
            }});
  };
  add_pool("ms.nn.pool_max", ops::max_pool, "Gives the largest element of each window (the first on ties).");
  add_pool("ms.nn.pool_average", ops::average_pool, "Averages over each window.");
  ms.add(
      {.name = "ms.nn.pool_smooth_max",
       .documentation = "Gives each window's mean, its elements weighted by exp(sharpness * x): the largest "
                        "element, but for what is nearly as large.",
       .parameters = {{"x", "ms.Tensor", "[batch, channels, height, width]"}},
       .options = {{"sharpness", "number", "Above 0; the larger, the nearer to ms.nn.pool_max."},
                   {"window", "integer", "Side of a window.", "2"},
                   {"stride?", "integer", "Step between windows; the window's side if left out."}},
       .returns = "ms.Tensor: [batch, channels, height', width']",
       .example = "print(ms.nn.pool_smooth_max(ms.ones { 1, 1, 4, 4 }, { sharpness = 6 }))",
       .body = [](lua_State* L, Args& a) {
         return push(L, ops::smooth_max_pool(a.object<Value>("x"), {windows_of(a), a.number("sharpness")}));
       }});
  ms.add({.name = "ms.nn.dropout_mask",
          .documentation = "Makes a mask of zeros (with probability p) and 1 / (1 - p).",
          .parameters = {{"shape", "integer|integer[]", "Sizes."},
                         {"p", "number", "Share dropped, below 1."},
                         {"random", "ms.Generator", "Where the numbers come from."}},
          .options = {{"dtype", floating_type, "Element type.", "\"f32\""}},
          .returns = "ms.Tensor",
          .example = "print(ms.nn.dropout_mask({ 2, 4 }, 0.5, ms.random(1)))",
          .body = [](lua_State* L, Args& a) {
            const double p = a.number("p");
            if (!(p >= 0 && p < 1)) a.fail("p", "expected a number in [0, 1), got {}", p);
            const Shape shape = shape_of(a, "shape");
            Tensor mask = Tensor::empty(shape, DType::f64);
            const std::span<double> numbers = mask.write<double>();
            a.object<Generator>("random").fill_uniform(numbers);
            for (double& number : numbers) number = number < p ? 0.0 : 1.0 / (1.0 - p);
            return push(L, Value(mask.cast(dtype_of(a, "dtype"))));
          }});
}

}  // namespace

void open_nn(Module& ms) {
  add_losses(ms);
  add_windows(ms);
  ms.add({.name = "ms.nn.initialise",
          .documentation =
              "Draws initial weights.\n\nFans are those of a weight [out, in, field...] as in "
              "PyTorch; Xavier: Glorot and Bengio (2010), Kaiming: He et "
              "al. (2015). Orthogonal: rows [out] of all else, or columns where these are fewer, are "
              "orthonormal (Saxe et al., 2014).",
          .parameters = {{"kind", initialiser_type, "Distribution."},
                         {"shape", "integer|integer[]", "Sizes."},
                         {"random", "ms.Generator", "Where the numbers come from."}},
          .options = {{"gain", "number", "Factor of the standard deviation (or of the bound).", "1"},
                      {"dtype", floating_type, "Element type.", "\"f32\""}},
          .returns = "ms.Tensor",
          .example = "print(ms.nn.initialise(\"xavier_normal\", {2, 3}, ms.random(1)))",
          .body = [](lua_State* L, Args& a) {
            return push(L, Value(nn::initialise(static_cast<nn::Initialiser>(a.choice("kind")),
                                                shape_of(a, "shape"), dtype_of(a, "dtype"),
                                                a.object<Generator>("random"), a.number("gain"))));
          }});
}

}  // namespace moonstill::lua
