#include "bindings/host/line_sampler.hpp"

#include <pthread.h>

#include <cerrno>
#include <csignal>
#include <system_error>

#include "bindings/host/interrupts.hpp"
#include "bindings/support/call_profile.hpp"
#include "engine/core/interrupt.hpp"

namespace moonstill::lua {
namespace {

constexpr long between_samples = 1'000'000;  // nanoseconds

// A signal handler can reach nothing but static storage.
constinit std::atomic<Runtime*> sampled{nullptr};
constinit pthread_t script_thread{};

// The hook of an interruption goes before: one that came while this one was taken off is put back.
void take_sample(lua_State* L, lua_Debug*) {
  lua_sethook(L, nullptr, 0, 0);
  watch_interrupts(L);
  if (CallProfile* profile = runtime(L).profile) profile->sample(L);
}

extern "C" void on_tick(int signal) {
  if (pthread_equal(pthread_self(), script_thread) == 0) {
    pthread_kill(script_thread, signal);
    return;
  }
  const Runtime* shared = sampled.load();
  if (shared == nullptr || interrupt_requested() || !shared->profile->in_script()) return;
  // At the return of a C function too: its line is not yet left.
  lua_sethook(shared->running.load(), take_sample, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT,
              1);
}

}  // namespace

LineSampler::LineSampler(Runtime& shared) {
  script_thread = pthread_self();
  struct sigaction action {};
  action.sa_handler = on_tick;
  action.sa_flags = SA_RESTART;
  sigaddset(&action.sa_mask, SIGINT);
  sigaction(SIGPROF, &action, nullptr);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGPROF;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer_) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make a timer for the profile");
  sampled = &shared;
  const itimerspec period{{0, between_samples}, {0, between_samples}};
  timer_settime(timer_, 0, &period, nullptr);
}

LineSampler::~LineSampler() {
  sampled = nullptr;
  timer_delete(timer_);
}

}  // namespace moonstill::lua
