#include "engine/core/profile.hpp"

#include <thread>

#include "tests/support/catch.hpp"

namespace moonstill {
namespace {

using std::chrono::milliseconds;

TEST_CASE("spans nest, and own times leave out what is inside") {
  Profile profile;
  const std::size_t place = profile.add_place({"a.lua:3", "a.lua:3"});
  {
    profile.enter("outer", place);
    std::this_thread::sleep_for(milliseconds(5));
    for (int i = 0; i < 2; ++i) {
      const ProfileSpan inner("inner");
      std::this_thread::sleep_for(milliseconds(5));
    }
    profile.leave();
  }
  REQUIRE(profile.names() == std::vector<std::string>{"outer", "inner"});
  const Profile::Total& outer = profile.by_name()[0];
  const Profile::Total& inner = profile.by_name()[1];
  CHECK(outer.count == 1);
  CHECK(inner.count == 2);
  CHECK(inner.own >= milliseconds(10));
  CHECK(outer.own >= milliseconds(5));
  CHECK(profile.by_place()[place].own == outer.own + inner.own);  // what runs inside belongs to the same line
  CHECK(profile.by_place()[place].calls == 1);
  REQUIRE(profile.events().size() == 3);
  CHECK(profile.events()[2].name == 0);
  CHECK(profile.events()[0].begin >= profile.events()[2].begin);
}

TEST_CASE("calls of a line leave out those inside of one") {
  Profile profile;
  const std::size_t library = profile.add_place({"library.lua:1", "a.lua:3"});
  const std::size_t deeper = profile.add_place({"library.lua:2", "a.lua:3"});
  const std::size_t callback = profile.add_place({"a.lua:2", "a.lua:2"});
  for (int i = 0; i < 2; ++i) {
    profile.enter("grad", library);
    profile.enter("matmul", deeper);
    { const ProfileSpan inner("copy"); }
    profile.leave();
    profile.enter("loss", callback);
    profile.leave();
    profile.leave();
  }
  const auto expect = [&](std::size_t place, std::int64_t calls, std::int64_t script_calls) {
    CHECK(profile.by_place()[place].calls == calls);
    CHECK(profile.by_place()[place].script_calls == script_calls);
  };
  expect(library, 2, 2);
  expect(deeper, 2, 0);
  expect(callback, 2, 2);
}

TEST_CASE("the script's own time goes to the places of its samples") {
  Profile profile;
  const std::size_t line = profile.add_place({"a.lua:1", "a.lua:1"});
  const std::size_t callback = profile.add_place({"a.lua:2", "a.lua:2"});
  const auto wait = [] { std::this_thread::sleep_for(milliseconds(5)); };
  profile.sample(0);  // what came before belongs to no line
  wait();
  profile.enter("grad", line);
  CHECK_FALSE(profile.in_script());
  profile.sample(line);  // not while a span runs
  CHECK(profile.by_place()[line].own == Profile::Clock::duration::zero());
  profile.enter_script();
  CHECK(profile.in_script());
  profile.sample(line);
  CHECK(profile.by_place()[line].own >= milliseconds(5));
  wait();
  profile.sample(callback);
  profile.leave_script();
  wait();
  profile.leave();
  CHECK(profile.in_script());
  const Profile::Clock::duration grad = profile.by_name()[0].own;
  const Profile::Clock::duration inside = profile.by_place()[callback].own;
  CHECK(grad >= milliseconds(5));
  CHECK(inside >= milliseconds(5));
  CHECK(profile.script_time() + grad == profile.by_place()[line].own + inside);
  CHECK(profile.names() == std::vector<std::string>{"grad"});
  CHECK(profile.event_count() == 1);
}

TEST_CASE("nothing is recorded without a profile, or on other threads") {
  CHECK(Profile::current() == nullptr);
  { const ProfileSpan span("unseen"); }
  const Profile profile;
  CHECK(Profile::current() == &profile);
  std::thread([] { const ProfileSpan span("elsewhere"); }).join();
  CHECK(profile.names().empty());
}

}  // namespace
}  // namespace moonstill
