// The plans that a circuit has been compiled to.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/quantum/plan.hpp"
#include "engine/quantum/state_plan.hpp"

namespace moonstill::quantum {

class PlanCache {
 public:
  /// `shared`: for each input whether all samples have the same angles.
  std::shared_ptr<const Plan> tile_plan(const Circuit& circuit, const Readout& readout,
                                        const std::vector<bool>& shared);
  std::shared_ptr<const StatePlan> state_plan(const Circuit& circuit, const Readout& readout, int lane_bits,
                                              int block_bits, const std::vector<bool>& shared = {});

 private:
  template <class AnyPlan>
  struct Entry {
    Readout readout;
    std::vector<int> settings;
    std::shared_ptr<const AnyPlan> plan;
  };
  template <class AnyPlan, class Make>
  std::shared_ptr<const AnyPlan> find(std::vector<Entry<AnyPlan>>& entries, const Readout& readout,
                                      std::vector<int> settings, Make&& make);

  std::mutex mutex_;
  std::vector<Entry<Plan>> tile_plans_;
  std::vector<Entry<StatePlan>> state_plans_;
};

}  // namespace moonstill::quantum
