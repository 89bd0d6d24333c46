-- An observable as the expression that makes it.
local numbers = require "moonstill.numbers"

local observable_text = {}

local function qubits_text(qubits)
  return #qubits == 1 and tostring(qubits[1]) or "{ " .. table.concat(qubits, ", ") .. " }"
end

local function word_text(word)
  if word.word == "" then return 'ms.observable.pauli("I")' end
  return ("ms.observable.pauli(%q, %s)"):format(word.word, qubits_text(word.qubits))
end

-- A number stands for the identity where something else makes the sum an observable.
local function term_text(word, factor, bare)
  if bare and word.word == "" then return numbers.text(factor) end
  return factor == 1 and word_text(word) or ("%s * %s"):format(numbers.text(factor), word_text(word))
end

local function sum_text(words)
  local text = term_text(words[1], words[1].coefficient, words[2] and words[2].word ~= "")
  for i = 2, #words do
    local factor = words[i].coefficient
    text = ("%s %s %s"):format(text, factor < 0 and "-" or "+", term_text(words[i], math.abs(factor), true))
  end
  return text
end

-- Matrices that are a tensor: one with its qubits, or a list of both.
local function tensor_text(tensor, parts, indent, text_of)
  local lists = {}
  for i, part in ipairs(parts) do lists[i] = qubits_text(part.qubits) end
  local qubits = #tensor:shape() == 3 and lists[1] or "{ " .. table.concat(lists, ", ") .. " }"
  return ("ms.observable.hermitian(%s, %s)"):format(text_of(tensor, indent), qubits)
end

--- The text of an observable.
--- @param observable ms.Observable
--- @param indent string  of the line that it stands in
--- @param text_of fun(value: any, indent?: string): string  of plain data
--- @return string
function observable_text.of(observable, indent, text_of)
  local parts, tensor = observable:parts(), observable:tensor()
  if tensor then return tensor_text(tensor, parts, indent, text_of) end
  local part = parts[1]
  if part.kind == "pauli" then return sum_text(part.words) end
  if part.kind == "probabilities" then
    return ("ms.observable.probabilities(%s)"):format(part.qubits and qubits_text(part.qubits) or "")
  end
  return ("ms.observable.hermitian(%s, %s)"):format(text_of(part.matrix:totable()), qubits_text(part.qubits))
end

return observable_text
