-- docs DIR: write the reference as Markdown and as a site
local markdown = require "moonstill.reference.markdown"
local native = require "moonstill.native"
local site = require "moonstill.reference.site"

local function run(o)
  local count = 0
  for name, text in pairs(markdown.files()) do
    native.io.write_text(("%s/markdown/%s"):format(o.folder, name), text)
    count = count + 1
  end
  local page = o.folder .. "/index.html"
  native.io.write_text(page, site.html())
  print(("%s: the site, one file that needs no network\n%s/markdown: %d files"):format(page, o.folder, count))
end

return {
  options = {
    about = "Writes the reference of every module, class and function: index.html, which needs nothing else and has a "
      .. "search box, and a folder of Markdown.",
    { "folder", positional = true, default = "docs", help = "where they go" },
  },
  run = run,
}
