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

--- The text of an observable, or nil and why it has none.
--- @param observable ms.Observable
--- @param _ string
--- @param text_of fun(value: any, indent?: string): string  of plain data
--- @return string|nil
--- @return string|nil
function observable_text.of(observable, _, text_of)
  local parts = observable:parts()
  local part = parts[1]
  if part.kind == "pauli" then return sum_text(part.words) end
  if part.kind == "probabilities" then
    return ("ms.observable.probabilities(%s)"):format(part.qubits and qubits_text(part.qubits) or "")
  end
  if #parts > 1 or not part.matrix then return nil, "an observable whose matrix is a tensor is no plain data" end
  return ("ms.observable.hermitian(%s, %s)"):format(text_of(part.matrix:totable()), qubits_text(part.qubits))
end

return observable_text
