-- help [TOPIC]: show help on a name or topic, or what a search finds
local help = require "moonstill.help"

return {
  options = {
    about = 'Shows help on a function, class, module or topic; "??words" searches. Alone, lists what there is.',
    { "topic", positional = true, default = "", help = "such as ms.circuit, gradients or '??hermitian'" },
  },
  run = function(o)
    local marks, subject = o.topic:match "^(%?*)%s*(.-)%s*$"
    if subject == "" then return help.show() end
    if #marks > 1 then return help.search(subject) end
    return help.find_or_search(subject)
  end,
}
