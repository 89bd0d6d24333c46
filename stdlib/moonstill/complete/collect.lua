-- Lists of candidates.
local collect = {}

--- Begins a list of candidates that begin with what is typed: the list, and the function that adds one where it fits.
--- Names with a leading underscore are private: they are offered only when it is typed.
--- @param partial string
--- @return table found  { { word =, signature =, summary = }, ..., length = }
--- @return fun(word: string, signature?: string, summary?: string) add
function collect.begin(partial)
  local found, seen = { length = #partial }, {}
  local function add(word, signature, summary)
    local private = word:sub(1, 1) == "_" and partial:sub(1, 1) ~= "_"
    if word:sub(1, #partial) ~= partial or private or seen[word] then return end
    seen[word] = true
    found[#found + 1] = { word = word, signature = signature or "", summary = summary or "" }
  end
  return found, add
end

--- Sorts a list: the ordinary names first, then those of classes.
--- @param found table
--- @return table found
function collect.sorted(found)
  table.sort(found, function(a, b)
    local first, second = a.word:match "^%u" ~= nil, b.word:match "^%u" ~= nil
    if first ~= second then return second end
    return a.word < b.word
  end)
  return found
end

return collect
