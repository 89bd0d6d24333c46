-- The search behind `??words`: every function, class and topic whose text holds all words, the best first.
local docs = require "moonstill.docs"
local host = require "moonstill.host"
local topics = require "moonstill.topics"

local search = {}

local most_rows = 15

-- Where a word is found, and what that is worth. Topics come first among equals, and what lies deep in a module last.
local worth = { whole_name = 100, part_of_name = 60, in_name = 40, word_in_summary = 20, in_summary = 12, in_text = 5 }
local topic_bonus, other_form, each_level = 50, -5, -4

local function parameter_texts(entry)
  local texts = {}
  for _, list in ipairs { entry.parameters, entry.options } do
    for _, param in ipairs(list) do texts[#texts + 1] = param.name .. " " .. param.doc end
  end
  return table.concat(texts, " ")
end

-- Everything that is searched: { name, summary, text }, in small letters but for the name.
local function everything()
  local all = {}
  local function add(name, summary, text, bonus)
    local _, levels = name:gsub("[%.:]", "")
    all[#all + 1] = {
      name = name, summary = summary, small = name:lower(), lead = summary:lower(), text = text:lower(),
      bonus = (bonus or 0) + each_level * math.max(0, levels - 1),
    }
  end
  for _, topic in ipairs(topics.list) do
    local text = table.concat({ topic.text, topic.example or "", table.unpack(topic.also) }, " ")
    add(topic.name, topic.title, text, topic_bonus)
  end
  for _, class in ipairs(host.classes()) do
    add(class.name, docs.summary { documentation = class.documentation }, class.documentation)
  end
  for _, entry in ipairs(docs.all()) do
    if not entry.name:match "[%.:]__" and not entry.name:match "^moonstill" then
      add(entry.name, docs.summary(entry), entry.documentation .. " " .. parameter_texts(entry) .. " " .. entry.returns)
    end
  end
  return all
end

local function has_word(text, word) return text:find("%f[%w]" .. word:gsub("%p", "%%%0") .. "%f[%W]") ~= nil end

-- What one word is worth; 0 where it is nowhere.
local function score(row, word)
  if row.small:match "[^%.:]*$" == word then return worth.whole_name end
  if has_word(row.small:gsub("_", " "), word) then return worth.part_of_name end
  if row.small:find(word, 1, true) then return worth.in_name end
  if has_word(row.lead, word) then return worth.word_in_summary end
  if row.lead:find(word, 1, true) then return worth.in_summary end
  return row.text:find(word, 1, true) and worth.in_text or 0
end

-- "gradients" finds "gradient" too, and the other way round.
local function best_score(row, word)
  local other = #word > 3 and word:match "^(.*[^s])s$" or word .. "s"
  return math.max(score(row, word), score(row, other) + other_form, 0)
end

--- The finds as rows { name, first sentence }, and how many more there are.
--- @param words string
--- @return string[][] rows
--- @return integer left_out
function search.rows(words)
  local found = {}
  for _, row in ipairs(words:match "%S" and everything() or {}) do
    local total = 0
    for word in words:lower():gmatch "%S+" do
      local value = best_score(row, word)
      total = value > 0 and total + value or -math.huge
    end
    if total > 0 then found[#found + 1] = { row.name, row.summary, total = total + row.bonus } end
  end
  table.sort(found, function(a, b)
    if a.total ~= b.total then return a.total > b.total end
    return a[1] < b[1]
  end)
  return table.move(found, 1, math.min(#found, most_rows), 1, {}), math.max(0, #found - most_rows)
end

return search
