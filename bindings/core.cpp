// ms.random and the generators that it makes.
#include <fmt/core.h>

#include "bindings/core.hpp"
#include "engine/core/random.hpp"

namespace moonstill::lua {

void open_random(Module& ms) {
  ms.add_class<Generator>();
  ms.add({.name = "ms.random",
          .documentation =
              "Makes a generator of random numbers.\n\nEqual seeds give equal numbers, at any number of "
              "threads.",
          .parameters = {{"seed", "integer", "Any whole number."}},
          .returns = "ms.Generator",
          .example = "local rng = ms.random(1)\nprint(rng:uniform())",
          .body = [](lua_State* L, Args& a) {
            return push(L, Generator(static_cast<std::uint64_t>(a.integer("seed"))));
          }});
  ms.add({.name = "ms.Generator:uniform",
          .documentation = "Draws a number, evenly from [low, high).",
          .options = {{"low", "number", "The smallest.", "0"}, {"high", "number", "The bound.", "1"}},
          .returns = "number",
          .example = "print(ms.random(1):uniform { low = -1 })",
          .body = [](lua_State* L, Args& a) {
            const double low = a.number("low");
            return push(L, low + (a.number("high") - low) * a.self<Generator>().uniform());
          }});
}

}  // namespace moonstill::lua
