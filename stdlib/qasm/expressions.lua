-- Angles and sizes in OpenQASM: numbers, constants, functions, and parameters that are scaled and shifted by numbers.
-- An expression becomes a function of its scope, which holds the values of names.
local expressions = {}

--- @class qasm.Parameter  scale * input + offset
--- @field input string
--- @field scale number
--- @field offset number

local pi, euler = math.pi, math.exp(1)
local constants = { pi = pi, ["π"] = pi, tau = 2 * pi, ["τ"] = 2 * pi, euler = euler, ["ℇ"] = euler }

local functions = {
  sin = math.sin, cos = math.cos, tan = math.tan, arcsin = math.asin, arccos = math.acos, arctan = math.atan,
  asin = math.asin, acos = math.acos, atan = math.atan, exp = math.exp, ln = math.log, log = math.log,
  sqrt = math.sqrt, floor = math.floor, ceiling = math.ceil,
  pow = function(a, b) return a ^ b end,
  mod = function(a, b) return a % b end,
}
local arguments_of = { pow = 2, mod = 2 }

local function affine(x, scale, offset)
  if type(x) == "number" then return scale * x + offset end
  return { input = x.input, scale = x.scale * scale, offset = x.offset * scale + offset }
end

-- Parameters stay affine: nil where the result would not be.
local operators = {
  ["+"] = function(a, b)
    if type(b) == "number" then return affine(a, 1, b) end
    if type(a) == "number" then return affine(b, 1, a) end
    if a.input ~= b.input then return nil end
    return { input = a.input, scale = a.scale + b.scale, offset = a.offset + b.offset }
  end,
  ["*"] = function(a, b)
    if type(b) == "number" then return affine(a, b, 0) end
    return type(a) == "number" and affine(b, a, 0) or nil
  end,
  ["/"] = function(a, b) return type(b) == "number" and affine(a, 1 / b, 0) or nil end,
  ["%"] = function(a, b) return type(a) == "number" and type(b) == "number" and a % b or nil end,
  ["**"] = function(a, b) return type(a) == "number" and type(b) == "number" and a ^ b or nil end,
}
operators["-"] = function(a, b) return operators["+"](a, affine(b, -1, 0)) end
operators["^"] = operators["**"]

local sign_level, power_level = 3, 4
local levels = { ["+"] = 1, ["-"] = 1, ["*"] = 2, ["/"] = 2, ["%"] = 2, ["**"] = power_level, ["^"] = power_level }

local parse

local function call(stream, name)
  local apply, count = functions[name.text], arguments_of[name.text] or 1
  if not apply then stream:fail(name, "no function is called '%s'%s", name.text, stream.near(name.text, functions)) end
  stream:expect "("
  local arguments = stream:list(function() return parse(stream, 1) end)
  stream:expect ")"
  if #arguments ~= count then stream:fail(name, "%s: expected %d arguments, got %d", name.text, count, #arguments) end
  return function(scope)
    local values = {}
    for i, argument in ipairs(arguments) do
      values[i] = argument(scope)
      if type(values[i]) ~= "number" then
        stream:fail(name, "%s of a parameter: a parameter can be scaled and shifted by numbers only", name.text)
      end
    end
    return apply(table.unpack(values))
  end
end

local function named(stream, name)
  if stream:is "(" then return call(stream, name) end
  return function(scope)
    local value = scope[name.text] or constants[name.text]
    if value == nil then stream:fail(name, "'%s' is not defined%s", name.text, stream.near(name.text, scope)) end
    return value
  end
end

local function operand(stream)
  local token = stream:take()
  if token.kind == "number" then return function() return token.value end end
  if token.kind == "word" then return named(stream, token) end
  if token.text == "+" then return parse(stream, sign_level) end
  if token.text == "-" then
    local inner = parse(stream, sign_level)
    return function(scope) return affine(inner(scope), -1, 0) end
  end
  if token.text ~= "(" then stream:fail(token, "expected a number or a name, got '%s'", token.text) end
  local inner = parse(stream, 1)
  stream:expect ")"
  return inner
end

function parse(stream, least)
  local left = operand(stream)
  while true do
    local sign = stream:peek()
    local level = sign.kind == "sign" and levels[sign.text]
    if not level or level < least then return left end
    if sign.text == "^" and stream.version >= 3 then
      stream:fail(sign, "'^' is no power in OpenQASM 3: write '**'")
    end
    stream:take()
    local a, b, apply = left, parse(stream, level == power_level and level or level + 1), operators[sign.text]
    left = function(scope)
      local value = apply(a(scope), b(scope))
      if value == nil then
        stream:fail(sign, "an angle is scale * parameter + offset, with numbers: this '%s' makes another", sign.text)
      end
      return value
    end
  end
end

--- A number or parameter, times a number.
--- @param angle number|qasm.Parameter
--- @param factor number
--- @return number|qasm.Parameter
function expressions.scaled(angle, factor) return affine(angle, factor, 0) end

--- Reads an expression and gives a function of a scope.
--- @param stream qasm.Stream
--- @return fun(scope: table<string, number|qasm.Parameter>): number|qasm.Parameter
function expressions.read(stream) return parse(stream, 1) end

return expressions
