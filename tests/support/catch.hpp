// Catch2, version 2 or 3, under the names of version 3.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>

namespace moonstill::test {
using Catch::Approx;
using Catch::Matchers::ContainsSubstring;
}  // namespace moonstill::test
#else
#include <catch2/catch.hpp>

namespace moonstill::test {
using Catch::Detail::Approx;
inline auto ContainsSubstring(const std::string& text) { return Catch::Matchers::Contains(text); }
}  // namespace moonstill::test
#endif
