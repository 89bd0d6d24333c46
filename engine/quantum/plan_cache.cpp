#include "engine/quantum/plan_cache.hpp"

#include <utility>

namespace moonstill::quantum {
namespace {

// Plans of each kind kept for one circuit; the oldest goes first.
constexpr std::size_t most_plans = 16;

}  // namespace

template <class AnyPlan, class Make>
std::shared_ptr<const AnyPlan> PlanCache::find(std::vector<Entry<AnyPlan>>& entries, const Readout& readout,
                                               std::vector<int> settings, Make&& make) {
  const std::lock_guard lock(mutex_);
  for (const auto& entry : entries) {
    if (entry.settings == settings && entry.readout == readout) return entry.plan;
  }
  if (entries.size() == most_plans) entries.erase(entries.begin());
  entries.push_back({readout, std::move(settings), make()});
  return entries.back().plan;
}

std::shared_ptr<const Plan> PlanCache::tile_plan(const Circuit& circuit, const Readout& readout,
                                                 const std::vector<bool>& shared) {
  return find(tile_plans_, readout, {shared.begin(), shared.end()},
              [&] { return std::make_shared<const Plan>(circuit, readout, shared); });
}

std::shared_ptr<const StatePlan> PlanCache::state_plan(const Circuit& circuit, const Readout& readout,
                                                       int lane_bits, int block_bits,
                                                       const std::vector<bool>& shared) {
  std::vector<int> settings{lane_bits, block_bits};
  settings.insert(settings.end(), shared.begin(), shared.end());
  return find(state_plans_, readout, std::move(settings), [&] {
    return std::make_shared<const StatePlan>(circuit, readout, lane_bits, block_bits, shared);
  });
}

}  // namespace moonstill::quantum
