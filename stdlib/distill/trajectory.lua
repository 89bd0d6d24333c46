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

--- Takes the t-th inner update.
--- @param still distill.Still
--- @param w ms.Tensor
--- @param t integer
--- @param eta ms.Tensor       step sizes of all updates
--- @param parameters? table   the still's own if left out
--- @param gradient? function  of the inner loss; the network's own if left out
--- @return ms.Tensor w
function trajectory.update(still, w, t, eta, parameters, gradient)
  local images = trajectory.images(still, t, parameters)
  return w - eta:slice(1, t, t) * (gradient or still.inner_gradient)(w, images, still.labels)
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
    weights[t + 1] = trajectory.update(still, weights[t], t, eta, parameters)
  end
  return weights
end

return trajectory
