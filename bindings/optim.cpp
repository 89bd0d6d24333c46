// ms.optim: optimisers over tensors or tables of tensors, schedules, clipping.
#include <fmt/core.h>

#include <cmath>

#include "bindings/host/modules.hpp"
#include "bindings/support/tree.hpp"
#include "bindings/tensor.hpp"
#include "engine/core/error.hpp"
#include "engine/optim/optimizer.hpp"

namespace moonstill::lua {

using optim::Decay;
using optim::Optimizer;
using optim::Rule;
using optim::Schedule;
using optim::Settings;

template <>
struct ObjectTraits<Optimizer> {
  static constexpr const char* name = "ms.Optimizer";
  static constexpr const char* documentation =
      "Turns weights and gradients into new weights. Made by ms.optim.sgd, adam or adamw.";
  static std::size_t bytes(const Optimizer&) { return 0; }
};
template <>
struct ObjectTraits<Schedule> {
  static constexpr const char* name = "ms.Schedule";
  static constexpr const char* documentation =
      "A learning rate that changes with the step. Made by ms.optim.step_decay or ms.optim.cosine.";
};

namespace {

struct TensorTree {
  Tree tree;
  std::vector<Tensor> tensors;
};

TensorTree read_tensors(lua_State* L, int index) {
  TensorTree out;
  out.tree = Tree::read(L, index, [&](lua_State* at, int i) {
    const Value* value = find_object<Value>(at, i);
    if (value != nullptr) out.tensors.push_back(constant_of(*value, "an optimiser"));
    return value != nullptr;
  });
  return out;
}

int push_tensors(lua_State* L, const Tree& tree, const std::vector<Tensor>& tensors) {
  tree.push(L, [&](std::size_t i) { push(L, Value(tensors[i])); });
  return 1;
}

double at_least_zero(const Args& a, Args::Key key) {
  const double value = a.number(key);
  if (!(value >= 0 && std::isfinite(value)))
    a.fail(key, "expected a finite number of at least 0, got {}", value);
  return value;
}

double in_unit_interval(const Args& a, Args::Key key, double value) {
  if (!(value >= 0 && value < 1)) a.fail(key, "expected a number in [0, 1), got {}", value);
  return value;
}

Schedule schedule_of(const Args& a, Args::Key key) {
  if (const Schedule* schedule = find_object<Schedule>(a.state(), a.slot(key))) return *schedule;
  return {.rate = at_least_zero(a, key)};
}

const Param rate_option{"lr", "number|ms.Schedule", "Learning rate.", "1e-3"};
const Param decay_option{"weight_decay", "number", "Times the weight, added to the gradient.", "0"};

std::string schedule_text(const Schedule& s) {
  switch (s.decay) {
    case Decay::constant:
      return fmt::format("{}", s.rate);
    case Decay::step:
      return fmt::format("step_decay{{lr = {}, every = {}, factor = {}}}", s.rate, s.every, s.factor);
    case Decay::cosine:
      break;
  }
  return fmt::format("cosine{{lr = {}, steps = {}, floor = {}, warmup = {}}}", s.rate, s.steps, s.floor,
                     s.warmup);
}

const char* rule_name(const Settings& s) {
  if (s.rule == Rule::sgd) return "sgd";
  return s.decoupled ? "adamw" : "adam";
}

std::string optimizer_text(const Optimizer& o) {
  const Settings& s = o.settings();
  const std::string rate = schedule_text(s.schedule);
  if (s.rule == Rule::sgd)
    return fmt::format("sgd{{lr = {}, momentum = {}}} after {} steps", rate, s.momentum, o.steps());
  return fmt::format("{}{{lr = {}, betas = {{{}, {}}}}} after {} steps", rule_name(s), rate, s.beta1, s.beta2,
                     o.steps());
}

// What the optimiser's maker was given.
int push_settings(lua_State* L, const Settings& s) {
  lua_createtable(L, 0, 5);
  const auto set = [L](const char* key, const auto& value) {
    push(L, value);
    lua_setfield(L, -2, key);
  };
  set("rule", std::string_view(rule_name(s)));
  if (s.schedule.decay == Decay::constant) {
    set("lr", s.schedule.rate);
  } else {
    set("lr", s.schedule);
  }
  if (s.rule == Rule::sgd) {
    set("momentum", s.momentum);
    set("nesterov", s.nesterov);
  } else {
    set("betas", std::vector<double>{s.beta1, s.beta2});
    set("epsilon", s.epsilon);
  }
  set("weight_decay", s.weight_decay);
  return 1;
}

void add_adam(Module& ms, const char* name, const char* documentation, const Param& decay, bool decoupled) {
  ms.add({.name = fmt::format("ms.optim.{}", name),
          .documentation = documentation,
          .options = {rate_option,
                      {"betas", "number[]", "Decay of the first and second moments.", "{0.9, 0.999}"},
                      {"epsilon", "number", "Added to the denominator.", "1e-8"},
                      decay},
          .returns = "ms.Optimizer",
          .example = fmt::format("local opt = ms.optim.{}{{lr = 0.01, betas = {{0.5, 0.999}}}}\n"
                                 "print(opt:step(ms.ones{{2}}, ms.ones{{2}}))",
                                 name),
          .body = [decoupled](lua_State* L, Args& a) {
            const std::vector<double> betas = a.numbers("betas");
            if (betas.size() != 2) a.fail("betas", "expected two numbers, got {}", betas.size());
            for (const double beta : betas) in_unit_interval(a, "betas", beta);
            const double epsilon = at_least_zero(a, "epsilon");
            if (epsilon == 0) a.fail("epsilon", "expected a number above 0, got 0");
            return push(L, Optimizer({.rule = Rule::adam,
                                      .schedule = schedule_of(a, "lr"),
                                      .beta1 = betas[0],
                                      .beta2 = betas[1],
                                      .epsilon = epsilon,
                                      .weight_decay = at_least_zero(a, "weight_decay"),
                                      .decoupled = decoupled}));
          }});
}

void add_makers(Module& ms) {
  ms.add({.name = "ms.optim.sgd",
          .documentation = "Makes stochastic gradient descent, with momentum as PyTorch defines it.",
          .options = {rate_option,
                      {"momentum", "number", "0 for none.", "0"},
                      {"nesterov", "boolean", "Nesterov's momentum.", "false"},
                      decay_option},
          .returns = "ms.Optimizer",
          .example = "local opt = ms.optim.sgd{lr = 0.1}\n"
                     "print(opt:step(ms.ones{2}, ms.ones{2}))",
          .body = [](lua_State* L, Args& a) {
            return push(L, Optimizer({.rule = Rule::sgd,
                                      .schedule = schedule_of(a, "lr"),
                                      .momentum = in_unit_interval(a, "momentum", a.number("momentum")),
                                      .nesterov = a.boolean("nesterov"),
                                      .weight_decay = at_least_zero(a, "weight_decay")}));
          }});
  add_adam(ms, "adam", "Makes Adam (Kingma and Ba, 2015).", decay_option, false);
  add_adam(
      ms, "adamw",
      "Makes Adam with a weight decay that is decoupled from the gradient (Loshchilov and Hutter, 2019).",
      {"weight_decay", "number", "Share of a weight that a step takes off, times lr.", "0.01"}, true);
  ms.add({.name = "ms.optim.step_decay",
          .documentation = "Makes a learning rate that is multiplied by `factor` every so many steps.",
          .options = {{"lr", "number", "At the start."},
                      {"every", "integer", "Steps between changes."},
                      {"factor", "number", "At each change.", "0.5"}},
          .returns = "ms.Schedule",
          .example = "local rate = ms.optim.step_decay { lr = 0.1, every = 10 }\n"
                     "print(rate:at(1), rate:at(11))",
          .body = [](lua_State* L, Args& a) {
            return push(L, Schedule{.decay = Decay::step,
                                    .rate = at_least_zero(a, "lr"),
                                    .every = static_cast<std::int64_t>(a.size("every", 1)),
                                    .factor = at_least_zero(a, "factor")});
          }});
  ms.add(
      {.name = "ms.optim.cosine",
       .documentation =
           "Makes a learning rate that falls along half a cosine (Loshchilov and Hutter, 2017), then stays.",
       .options = {{"lr", "number", "At the top."},
                   {"steps", "integer", "Length of the fall."},
                   {"floor", "number", "Share of lr that is left at the end.", "0"},
                   {"warmup", "integer", "Steps of a linear rise at the start.", "0"}},
       .returns = "ms.Schedule",
       .example = "local rate = ms.optim.cosine { lr = 0.1, steps = 100, warmup = 10 }\n"
                  "print(rate:at(1), rate:at(11), rate:at(100))",
       .body = [](lua_State* L, Args& a) {
         return push(L, Schedule{.decay = Decay::cosine,
                                 .rate = at_least_zero(a, "lr"),
                                 .warmup = static_cast<std::int64_t>(a.size("warmup")),
                                 .steps = static_cast<std::int64_t>(a.size("steps", 1)),
                                 .floor = at_least_zero(a, "floor")});
       }});
}

void add_methods(Module& ms) {
  ms.add({.name = "ms.Schedule:at",
          .documentation = "Gives the learning rate of a step.",
          .parameters = {{"step", "integer", "From 1."}},
          .returns = "number",
          .example = "print(ms.optim.cosine { lr = 0.1, steps = 100 }:at(50))",
          .body = [](lua_State* L, Args& a) {
            return push(L, a.self<Schedule>().at(static_cast<std::int64_t>(a.size("step", 1)) - 1));
          }});
  ms.add({.name = "ms.Schedule:scaled",
          .documentation = "Gives the same schedule with its learning rate times a factor.",
          .parameters = {{"factor", "number", "At least 0."}},
          .returns = "ms.Schedule",
          .example = "print(ms.optim.cosine { lr = 0.1, steps = 100 }:scaled(0.5))",
          .body = [](lua_State* L, Args& a) {
            Schedule scaled = a.self<Schedule>();
            scaled.rate *= at_least_zero(a, "factor");
            return push(L, scaled);
          }});
  ms.add({.name = "ms.Schedule:__tostring",
          .documentation = "Prints the settings.",
          .parameters = {{"s", "ms.Schedule", "Schedule."}, {"unused?", "any", "Unused."}},
          .returns = "string",
          .body = [](lua_State* L, Args& a) { return push(L, schedule_text(a.object<Schedule>(0))); }});
  ms.add({.name = "ms.Optimizer:__tostring",
          .documentation = "Prints the settings and the number of steps taken.",
          .parameters = {{"o", "ms.Optimizer", "Optimiser."}, {"unused?", "any", "Unused."}},
          .returns = "string",
          .body = [](lua_State* L, Args& a) { return push(L, optimizer_text(a.object<Optimizer>(0))); }});
  ms.add({.name = "ms.Optimizer:step",
          .documentation = "Gives new weights, built like the old ones.\n\nA gradient that is not finite is "
                           "an error, and changes nothing.",
          .parameters = {{"weights", "ms.Tensor|table", "Tensors, the same ones at each step."},
                         {"gradients", "ms.Tensor|table", "Built like the weights."}},
          .returns = "ms.Tensor|table: new weights",
          .example = "local opt = ms.optim.adam { lr = 0.01 }\n"
                     "local w = ms.tensor { 1, -1 }\n"
                     "for _ = 1, 3 do w = opt:step(w, 2 * w) end\n"
                     "print(w)",
          .body = [](lua_State* L, Args& a) {
            auto& optimizer = a.self<Optimizer>();
            const TensorTree weights = read_tensors(L, a.slot("weights"));
            const TensorTree gradients = read_tensors(L, a.slot("gradients"));
            if (weights.tree.paths() != gradients.tree.paths())
              a.fail("gradients", "not built like the weights");
            return push_tensors(L, weights.tree, optimizer.step(weights.tensors, gradients.tensors));
          }});
  ms.add({.name = "ms.Optimizer:lr",
          .documentation = "Gives the learning rate of the next step.",
          .returns = "number",
          .example = "print(ms.optim.sgd { lr = 0.1 }:lr())",
          .body = [](lua_State* L, Args& a) { return push(L, a.self<Optimizer>().rate()); }});
  ms.add(
      {.name = "ms.Optimizer:settings",
       .documentation =
           "Gives what the optimiser was made with: a table for ms.optim's function of the name in `rule`.",
       .returns = "table",
       .example = "print(ms.optim.adamw { lr = 0.1 }:settings().weight_decay)",
       .body = [](lua_State* L, Args& a) { return push_settings(L, a.self<Optimizer>().settings()); }});
  ms.add({.name = "ms.Optimizer:set_lr",
          .documentation = "Changes the learning rate or schedule.",
          .parameters = {{"lr", "number|ms.Schedule", "Learning rate."}},
          .example = "local opt = ms.optim.adam { lr = 0.01 }\n"
                     "opt:set_lr(ms.optim.cosine { lr = 0.1, steps = 100 })\n"
                     "print(opt:lr())",
          .body = [](lua_State*, Args& a) {
            a.self<Optimizer>().set_schedule(schedule_of(a, "lr"));
            return 0;
          }});
  ms.add({.name = "ms.Optimizer:state",
          .documentation = "Gives what a checkpoint needs: the number of steps and the moments.",
          .returns = "table: {steps = integer, moments = ms.Tensor[]}",
          .example = "local opt = ms.optim.adam { lr = 0.01 }\n"
                     "opt:step(ms.ones(2), ms.ones(2))\n"
                     "print(opt:state().steps)",
          .body = [](lua_State* L, Args& a) {
            const auto& optimizer = a.self<Optimizer>();
            const std::vector<Tensor> moments = optimizer.moments();
            const std::int64_t steps = optimizer.steps();
            lua_createtable(L, 0, 2);
            push(L, steps);
            lua_setfield(L, -2, "steps");
            push_list(L, {moments.begin(), moments.end()});
            lua_setfield(L, -2, "moments");
            return 1;
          }});
  ms.add({.name = "ms.Optimizer:restore",
          .documentation = "Puts back what state() gave.",
          .parameters = {{"state", "table", "{steps = integer, moments = ms.Tensor[]}"}},
          .example = "local opt = ms.optim.adam { lr = 0.01 }\n"
                     "opt:step(ms.ones(2), ms.ones(2))\n"
                     "local other = ms.optim.adam { lr = 0.01 }\n"
                     "other:restore(opt:state())\n"
                     "print(other)",
          .body = [](lua_State* L, Args& a) {
            lua_getfield(L, a.slot("state"), "moments");
            if (!lua_istable(L, -1))
              a.fail("state", "expected a table with a list 'moments', got {}", describe(L, -1));
            std::vector<Tensor> moments;
            for (const Value& value : values_of(L, lua_gettop(L))) moments.push_back(value.tensor());
            lua_getfield(L, a.slot("state"), "steps");
            if (lua_isinteger(L, -1) == 0 || lua_tointeger(L, -1) < 0)
              a.fail("state", "expected a whole number 'steps', got {}", describe(L, -1));
            a.self<Optimizer>().restore(lua_tointeger(L, -1), std::move(moments));
            return 0;
          }});
}

}  // namespace

void open_optim(Module& ms) {
  ms.add_class<Schedule>();
  ms.add_class<Optimizer>();
  add_makers(ms);
  add_methods(ms);
  ms.add(
      {.name = "ms.optim.clip_norm",
       .documentation = "Scales gradients so that their 2-norm, taken over all of them, is at most `limit`.",
       .parameters = {{"gradients", "ms.Tensor|table", "Tensors."}, {"limit", "number", "Largest norm."}},
       .returns = "ms.Tensor|table, number: the gradients, and the norm they had",
       .example = "print(ms.optim.clip_norm(ms.tensor{3, 4}, 1))",
       .body = [](lua_State* L, Args& a) {
         const double limit = a.number("limit");
         if (!(limit >= 0)) a.fail("limit", "expected a number of at least 0, got {}", limit);
         const TensorTree gradients = read_tensors(L, a.slot("gradients"));
         push_tensors(L, gradients.tree, optim::clip_by_norm(gradients.tensors, limit));
         return 1 + push(L, optim::global_norm(gradients.tensors));
       }});
}

}  // namespace moonstill::lua
