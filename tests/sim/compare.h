// Whether an engine holds what the model holds.
#pragma once

#include <string>

#include "engine/engine.h"
#include "sim/model.h"

namespace leat::sim {

// The first difference in words; empty when there is none. O(everything).
[[nodiscard]] std::string difference(const Model& model, const Engine& engine);

}  // namespace leat::sim
