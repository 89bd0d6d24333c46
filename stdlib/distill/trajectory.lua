-- The inner loop step by step, for those who look at what happens in it.
local trajectory = {}

--- Gives the images of the t-th inner update.
--- @param still distill.Still
--- @param t integer
--- @param parameters? table  the still's own if left out
--- @return ms.Tensor
function trajectory.images(still, t, parameters)
  return (parameters or still.parameters).images[(t - 1) % still.steps + 1]
end

--- Gives the weights before the first inner update, and after each of them.
--- @param still distill.Still
--- @param w ms.Tensor        initial weights
--- @param parameters? table  the still's own if left out
--- @param updates? integer   all if left out
--- @return ms.Tensor[]       updates + 1 of them
function trajectory.weights(still, w, parameters, updates)
  local eta, weights = (parameters or still.parameters).raw_step_sizes:softplus(), { w }
  for t = 1, updates or still.updates do
    local images = trajectory.images(still, t, parameters)
    weights[t + 1] = weights[t] - eta:slice(1, t, t) * still.inner_gradient(weights[t], images, still.labels)
  end
  return weights
end

return trajectory
