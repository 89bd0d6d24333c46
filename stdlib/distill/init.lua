-- Dataset distillation: a few synthetic images that train a network as the whole data set would.
return {
  unrolled = require("distill.unrolled").new,
  trial = require("distill.trial").run,
  load = require("distill.trial").load,
}
