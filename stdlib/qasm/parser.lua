-- Reads OpenQASM 2 and 3 into statements, without asking what their names mean.
local expressions = require "qasm.expressions"
local host = require "moonstill.host"
local lexer = require "qasm.lexer"

local parser = {}

--- @class qasm.Stream  the tokens to come
local Stream = {}
Stream.__index = Stream

--- " (did you mean 'x'?)" for the nearest key of a table, or nothing.
--- @param name string
--- @param values table<string, any>
--- @return string
function parser.near(name, values)
  local names = {}
  for known in pairs(values) do names[#names + 1] = known end
  table.sort(names)
  return host.suggestion(name, names)
end

Stream.near = parser.near

function Stream:peek() return self.tokens[self.at] end

function Stream:is(text)
  local token = self:peek()
  return token.text == text and token.kind ~= "text" and token.kind ~= "end"
end

function Stream:take()
  local token = self:peek()
  if token.kind ~= "end" then self.at = self.at + 1 end
  return token
end

-- Annotations, to the ends of their lines.
function Stream:skip_annotations()
  while self:is "@" do
    local line = self:peek().line
    while self:peek().kind ~= "end" and self:peek().line == line do self:take() end
  end
end

function Stream:accept(text) return self:is(text) and self:take() end

function Stream:expect(text)
  if not self:is(text) then self:fail(self:peek(), "expected '%s', got '%s'", text, self:peek().text) end
  return self:take()
end

function Stream:word(what)
  local token = self:take()
  if token.kind ~= "word" then self:fail(token, "expected %s, got '%s'", what, token.text) end
  return token
end

-- One or more, with commas between.
function Stream:list(read)
  local items = { read(self) }
  while self:accept "," do items[#items + 1] = read(self) end
  return items
end

function Stream:fail(token, format, ...) self.refuse(token, format, ...) end

local function name_of(stream) return stream:word "a name" end

-- A register, one of its qubits, or a range of them.
local function operand(stream)
  local name = stream:word "a qubit"
  local result = { name = name.text, token = name }
  if stream:accept "[" then
    result.first = expressions.read(stream)
    if stream:accept ":" then result.last = expressions.read(stream) end
    stream:expect "]"
  end
  return result
end

local modifiers = { ctrl = true, negctrl = true, inv = true, pow = true }

local function modifier(stream)
  local token = stream:take()
  local result = { kind = token.text, token = token }
  if stream:accept "(" then
    result.value = expressions.read(stream)
    stream:expect ")"
  elseif token.text == "pow" then
    stream:expect "("
  end
  stream:expect "@"
  return result
end

local function gate_call(stream)
  local call = { kind = "call", modifiers = {}, angles = {}, operands = {} }
  while modifiers[stream:peek().text] do call.modifiers[#call.modifiers + 1] = modifier(stream) end
  call.token = stream:word "a gate"
  call.name = call.token.text
  if stream:accept "(" then
    if not stream:is ")" then call.angles = stream:list(expressions.read) end
    stream:expect ")"
  end
  if not stream:is ";" then call.operands = stream:list(operand) end
  stream:expect ";"
  return call
end

local statements = {}

local function size_of(stream)
  if not stream:accept "[" then return nil end
  local size = expressions.read(stream)
  stream:expect "]"
  return size
end

-- Version 2: qreg q[3]. Version 3: qubit[3] q.
local function register(kind)
  return function(stream, token)
    local size = size_of(stream)
    local name = name_of(stream)
    local result = { kind = kind, token = name, name = name.text, size = size or size_of(stream) }
    if token.text == "bit" and stream:accept "=" then
      stream:expect "measure"
      result.measured = { kind = "measure", token = name, operands = stream:list(operand), into = { name = name.text,
        token = name } }
    end
    stream:expect ";"
    return result
  end
end
statements.qreg, statements.qubit = register "qubits", register "qubits"
statements.creg, statements.bit = register "bits", register "bits"

function statements.include(stream, token)
  local file = stream:take()
  if file.kind ~= "text" then stream:fail(file, "expected a file name in quotes, got '%s'", file.text) end
  local name = file.text:sub(2, -2)
  if name ~= "stdgates.inc" and name ~= "qelib1.inc" then
    stream:fail(file, "only stdgates.inc and qelib1.inc can be included, got '%s'", name)
  end
  stream:expect ";"
  return { kind = "include", token = token }
end

local number_types = { float = true, angle = true, int = true, uint = true }

local function number_type(stream)
  local token = stream:word "a type"
  if not number_types[token.text] then stream:fail(token, "expected float, angle or int, got '%s'", token.text) end
  size_of(stream)
end

function statements.input(stream)
  number_type(stream)
  local name = name_of(stream)
  stream:expect ";"
  return { kind = "input", token = name, name = name.text }
end

function statements.const(stream)
  number_type(stream)
  local name = name_of(stream)
  stream:expect "="
  local value = expressions.read(stream)
  stream:expect ";"
  return { kind = "const", token = name, name = name.text, value = value }
end

function statements.barrier(stream, token)
  local operands = stream:is ";" and {} or stream:list(operand)
  stream:expect ";"
  return { kind = "barrier", token = token, operands = operands }
end

function statements.reset(stream, token)
  local operands = stream:list(operand)
  stream:expect ";"
  return { kind = "reset", token = token, operands = operands }
end

function statements.measure(stream, token)
  local operands = stream:list(operand)
  local into = stream:accept "->" and operand(stream) or nil
  stream:expect ";"
  return { kind = "measure", token = token, operands = operands, into = into }
end

-- c[0] = measure q[0];
local function measured_into(stream)
  local bits = operand(stream)
  stream:expect "="
  if not stream:is "measure" then
    stream:fail(bits.token, "only 'measure' can be assigned: a circuit has no classical variables")
  end
  local measurement = statements.measure(stream, stream:take())
  measurement.into = bits
  return measurement
end

-- Texts of the tokens of a gate's body: whether two definitions are the same.
local function texts(stream, from, to)
  local words = {}
  for at = from, to do words[#words + 1] = stream.tokens[at].text end
  return table.concat(words, " ")
end

local function names(stream)
  local list = {}
  for i, token in ipairs(stream:list(name_of)) do list[i] = token.text end
  return list
end

function statements.gate(stream)
  local name = name_of(stream)
  local gate = { kind = "gate", token = name, name = name.text, angles = {}, body = {} }
  local first = stream.at
  if stream:accept "(" then
    if not stream:is ")" then gate.angles = names(stream) end
    stream:expect ")"
  end
  gate.qubits = names(stream)
  stream:expect "{"
  while not stream:is "}" do
    if stream:is "barrier" then
      statements.barrier(stream, stream:take())
    else
      gate.body[#gate.body + 1] = gate_call(stream)
    end
  end
  stream:take()
  gate.text = texts(stream, first, stream.at - 1)
  return gate
end

local refused = {}
for word in ("if else for while def extern cal defcal defcalgrammar let box delay switch int uint float angle bool "
  .. "complex array duration stretch return opaque output"):gmatch "%w+" do refused[word] = true end

local function statement(stream)
  local token = stream:peek()
  local following = stream.tokens[stream.at + 1]
  if refused[token.text] then
    stream:fail(token, "'%s' is not read: a circuit is made of registers, inputs, constants and gates", token.text)
  end
  if token.kind == "word" and statements[token.text] then return statements[token.text](stream, stream:take()) end
  if token.kind == "word" and (following.text == "[" or following.text == "=") then return measured_into(stream) end
  return gate_call(stream)
end

local function version(stream)
  if not stream:accept "OPENQASM" then return 3 end
  local token = stream:take()
  local number = token.kind == "number" and math.floor(token.value)
  if number ~= 2 and number ~= 3 then stream:fail(token, "expected version 2 or 3, got '%s'", token.text) end
  stream:expect ";"
  return number
end

--- Reads a program.
--- @param text string
--- @param refuse fun(token: qasm.Token, format: string, ...)  raises an error about a place
--- @return { version: integer, statements: table[] }
function parser.read(text, refuse)
  local stream = setmetatable({ tokens = lexer.tokens(text), at = 1, refuse = refuse, version = 3 }, Stream)
  stream.version = version(stream)
  local list = {}
  for _, token in ipairs(stream.tokens) do
    if token.text == "/*" then stream:fail(token, "a comment that does not end") end
  end
  stream:skip_annotations()
  while stream:peek().kind ~= "end" do
    list[#list + 1] = statement(stream)
    stream:skip_annotations()
  end
  return { version = stream.version, statements = list }
end

return parser
