-- Quantum neural networks.
return {
  lenet = require "qnn.lenet",
}
