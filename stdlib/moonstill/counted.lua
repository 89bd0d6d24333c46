-- A number of things as a person reads it: "1 qubit", "3 qubits", "2 classes".

--- @param count integer
--- @param one string
--- @param many? string  with an s behind `one` if left out
--- @return string
return function(count, one, many) return ("%d %s"):format(count, count == 1 and one or many or one .. "s") end
