-- Markdown that scripts write into files which people write.
local markdown = require "experiment.markdown"
local ms = require "moonstill"
local test = require "moonstill.test"

test("a table", function()
  test.equal(markdown.table({ "a", "b" }, { { "1", "2" }, { "", "%1" } }), "| a | b |\n|---|---|\n| 1 | 2 |\n|  | %1 |")
end)

test("a text takes its place in a file, again and again, or its end", function()
  local path = os.tmpname()
  ms.io.write_text(path, "Before.\n")
  markdown.put(path, "x", "one %1")
  local whole = "Before.\n\n<!-- x -->\none %1\n<!-- end of x -->\n"
  test.equal(ms.io.read_text(path), whole)
  ms.io.write_text(path, whole .. "After.\n")
  markdown.put(path, "x", "two")
  markdown.put(path, "y", "three")
  test.equal(ms.io.read_text(path), "Before.\n\n<!-- x -->\ntwo\n<!-- end of x -->\nAfter.\n\n"
    .. "<!-- y -->\nthree\n<!-- end of y -->\n")
  os.remove(path)
  markdown.put(path, "x", "new")
  test.equal(ms.io.read_text(path), "<!-- x -->\nnew\n<!-- end of x -->\n")
  os.remove(path)
end)
