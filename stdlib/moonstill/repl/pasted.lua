-- Pasted lines are run one by one, as if typed, where a local would end with its line. Those that stand outside of all
-- blocks become names of the user's instead, so that a pasted script runs as it would in a file.

-- Words and marks that open and close blocks: "if a then b elseif c then d end" comes out even.
local depth_of = {
  ["function"] = 1, ["do"] = 1, ["then"] = 1, ["repeat"] = 1, ["end"] = -1, ["until"] = -1, ["elseif"] = -1,
  ["("] = 1, ["{"] = 1, ["["] = 1, [")"] = -1, ["}"] = -1, ["]"] = -1,
}

-- The place behind a comment, a string or a number that begins at `at`, where names are none.
local function skip(text, at)
  local comment = text:match("^%-%-()", at)
  local level, inside = text:match("^%[(=*)%[()", comment or at)
  if inside then
    local _, last = text:find("]" .. level .. "]", inside, true)
    return (last or #text) + 1
  end
  if comment then return text:find("\n", comment, true) or #text + 1 end
  if text:find("^%d", at) then return text:match("^[%w_%.]+()", at) end
  local quote = text:match("^[\"']", at)
  while quote do
    at = text:find("[\\" .. quote .. "]", at + 1)
    if not at then return #text + 1 end
    if text:sub(at, at) == quote then return at + 1 end
    at = at + 1
  end
end

-- What "local" at a place is replaced by, where the text goes on, and the names; nil where it stays.
local function kept(text, at, taken)
  local start, called = text:match("^%s+()function%s+([%a_][%w_]*)", at)
  if start then
    if taken[called] then return nil end
    return "", start, { called }
  end
  local names = {}
  local comma
  repeat
    local name, behind = text:match("^%s*([%a_][%w_]*)()", at)
    if not name or taken[name] then return nil end
    names[#names + 1] = name
    local attribute, closed = text:match("^%s*<%s*(%a+)%s*>()", behind)
    if attribute and attribute ~= "const" then return nil end
    at = closed or behind
    comma = text:match("^%s*,()", at)
    at = comma or at
  until not comma
  return table.concat(names, ", ") .. (text:find("^%s*=", at) and "" or " = nil"), at, names
end

--- Lets the locals outside of blocks live on, but for those of names that are not the user's to give.
--- @param text string                   what was pasted: whole statements
--- @param taken table<string, boolean>  names that stay local
--- @return string text     that keeps them
--- @return string[] names  of what was local
return function(text, taken)
  local out, names, depth, at = {}, {}, 0, 1
  while at <= #text do
    local word = text:match("^[%a_][%w_]*", at)
    local behind = skip(text, at) or at + #(word or " ")
    local piece = text:sub(at, behind - 1)
    if piece == "local" and depth == 0 then
      local replaced, after, found = kept(text, behind, taken)
      if replaced then
        piece, behind = replaced, after
        table.move(found, 1, #found, #names + 1, names)
      end
    end
    depth = depth + (depth_of[piece] or 0)
    out[#out + 1] = piece
    at = behind
  end
  return table.concat(out), names
end
