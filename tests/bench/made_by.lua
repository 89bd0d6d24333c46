#!/usr/bin/env moonstill
-- What measures, and where: the commit, the processor, the threads and the day, as one line of JSON.
local machine = require "moonstill.machine"
local ms = require "moonstill"

print(ms.io.json {
  commit = machine.commit(arg[0]:match "^(.*)/" or ".") or "unknown", processor = machine.processor() or "unknown",
  threads = ms.threads(), date = os.date "%Y-%m-%d",
})
