#!/usr/bin/env moonstill
-- Teleportation with deferred measurement: what Alice would measure and tell controls Bob's corrections instead, so the
-- whole is one circuit (Bennett et al., 1993).
local ms, experiment = require "moonstill", require "experiment"
local pauli = ms.observable.pauli

local opt = experiment.options {
  data = false,
  about = "Sends a random state of one qubit to another one through an entangled pair.",
  { "states", default = 100, least = 1, help = "how many random states are sent" },
}

local teleport = ms.circuit(3, { message = { 3 } }, function(c, message)
  c:rot(1, message)               -- Alice's state
  c:h(2):cnot(2, 3)               -- the pair that she shares with Bob
  c:cnot(1, 2):h(1)               -- her Bell measurement, deferred
  c:cnot(2, 3):cz(1, 3)           -- Bob's corrections
end)
experiment.show(teleport)

local function bloch(qubit) return { pauli("X", qubit), pauli("Y", qubit), pauli("Z", qubit) } end

local prepare = ms.circuit(1, { message = { 3 } }, function(c, message) c:rot(1, message) end)
local messages = ms.random(opt.seed):normal({ opt.states, 3 }, { dtype = "f64" })
local sent = prepare { message = messages, observable = bloch(1) }
local received = teleport { message = messages, observable = bloch(3) }
local kept = teleport { message = messages, observable = bloch(1) }
local error = (sent - received):abs():max():item()

local function show(label, vectors)
  local x, y, z = table.unpack(vectors[1]:totable())
  print(("%-9s %+.6f %+.6f %+.6f"):format(label, x, y, z))
end

print "Bloch vectors of the first state:"
show("sent", sent)
show("received", received)
show("kept", kept)
experiment.conclude(("All %d states arrive, to %.0e; what Alice keeps tells nothing of them."):format(
  opt.states, error))

experiment.finish(opt, { error = error, kept = kept[1]:totable() })
