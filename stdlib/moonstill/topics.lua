-- Help on what no single function explains: a name, a title, a text and an example that runs, for each topic.
local topics = {}

--- @class moonstill.Topic
--- @field name string
--- @field also string[]     other names for it
--- @field title string      one line
--- @field text string
--- @field example? string   Lua that runs with `ms` at hand
--- @field page? string      shown in place of all that; not searched

--- @type moonstill.Topic[]
local list = {
  {
    name = "prompt", also = { "repl", "console", "commands" },
    title = "Working line by line: results, help, commands, keys.",
    text = [[
An expression prints its value; a ';' at its end keeps it quiet. `_` is the last value, `_1`, `_2` and so on are the
numbered ones before. Globals may be set here, `x = 3`; a local ends with its line. Input that is not finished goes on
in the next line; Ctrl-C leaves it, and stops what runs, with everything that you have made intact.

?name shows help, ??words searches all help, :help lists the commands, among them :time, :who, :load and :save, which
writes what you typed as a script.]],
  },
  {
    name = "keys", also = { "editor", "shortcuts", "history", "paste" },
    title = "What the keys do at the prompt.",
    text = [[
Enter runs an input that is finished and goes on to a new line of one that is not; Alt-Enter begins a new line anywhere.
Up and Down move in the lines of an input, then through the history, to inputs that begin with what is typed; Ctrl-P and
Ctrl-N go through whole inputs. Ctrl-R searches the history: again for older ones, Ctrl-S for newer ones, Enter runs,
Ctrl-G leaves. Tab completes; once more, it walks through the list, Shift-Tab back, Enter takes, Escape leaves.

Ctrl-A, Ctrl-E begin and end of the line; Ctrl-Left, Ctrl-Right or Alt-B, Alt-F by words. Ctrl-K, Ctrl-U, Ctrl-W, Alt-D
cut to the end, to the beginning, back to a space, a word; Ctrl-Y puts it back. Ctrl-T exchanges two characters, Ctrl-_
undoes, Ctrl-L clears the screen. Ctrl-C clears the input, Ctrl-D leaves, Ctrl-Z suspends.

Pasted lines run as if typed, in order; from a pasted transcript only what stands behind its prompts.]],
  },
  {
    name = "tensors", also = { "arrays", "shapes", "indices", "dtype" },
    title = "Arrays of numbers: shapes, types, indices from 1.",
    text = [[
A tensor never changes: every operation gives another one. Axes, indices and classes count from 1. Numbers are f32
unless dtype says "f64", "i32" or "u8"; shapes broadcast as in NumPy. Comparisons are functions, ms.lt(a, b), since
Lua's own give one boolean.]],
    example = [[
local x = ms.tensor { { 1, 2, 3 }, { 4, 5, 6 } }
print(x:shape()[2], x:sum(), x[2], (x * 2 + 1):mean(1))]],
  },
  {
    name = "gradients", also = { "derivatives", "autograd", "transforms", "backpropagation", "hessian" },
    title = "Exact derivatives as transforms of functions, which nest.",
    text = [[
ms.grad(f) is a function that gives f's gradient; so ms.grad of something that takes gradients is one too, and
differentiating through gradient descent needs nothing special. ms.value_and_grad gives the value as well, ms.vjp and
ms.jvp products with the Jacobian, ms.hvp with the Hessian. Arguments may be tables of tensors. Derivatives of quantum
circuits are exact up to the second order, by angles, inputs and observables alike. ms.checkpoint(f) saves memory by
running f twice.]],
    example = [[
local function f(x) return (x ^ 3):sum() end
local slope = ms.grad(f)
local curvature = ms.grad(function(x) return slope(x):sum() end)
print(slope(ms.tensor { 1, 2 }), curvature(ms.tensor { 1, 2 }))]],
  },
  {
    name = "qubits", also = { "simulator", "states", "measurement" },
    title = "A state to work on at once: gates, samples, expectation values.",
    text = [[
ms.qubits(n) starts in |0...0>; gates are methods and can be chained. Qubits count from 1; qubit 1 is the most
significant bit of a basis state. Angles are radians. For derivatives and batches describe a circuit (?circuits).]],
    example = [[
local q = ms.qubits(3)
q:h(1):cnot(1, 2):cnot(2, 3)
print(q, q:probabilities())]],
  },
  {
    name = "circuits", also = { "gates", "ansatz", "observables", "quantum" },
    title = "Circuits with inputs and angles, simulated in batches, differentiated exactly.",
    text = [[
ms.circuit(n, inputs, f) describes a circuit once: f gets it and a handle for each declared input. Called with a table
of inputs and an observable it gives expectation values; an input with one more axis in front is a batch. Observables
are Pauli words, Hermitian matrices, which may be trained, or probabilities: see ms.observable.]],
    example = [[
local circuit = ms.circuit(2, { x = { 2 }, w = { 2 } }, function(c, x, w)
  c:ry(1, x[1]):ry(2, x[2]):cnot(1, 2):rz(1, w[1]):ry(2, w[2])
end)
print(circuit)
local z = ms.observable.pauli("ZZ", { 1, 2 })
print(circuit { x = ms.ones { 5, 2 }, w = ms.tensor { 0.1, 0.2 }, observable = z })]],
  },
  {
    name = "networks", also = { "layers", "weights", "models" },
    title = "Layers, and networks as pure functions of input and weights.",
    text = [[
A network is built from the layers of ms.nn, circuits among them (ms.nn.circuit). It holds no weights: net:initialise
draws them as one flat vector w, and net(x, w) applies the network with any such vector. So a step of gradient descent
is w - lr * ms.grad(loss)(w). net:named(w) gives the weights by name, for files.]],
    example = [[
local nn = ms.nn
local net = nn.sequential { nn.linear(4, 8), nn.relu(), nn.linear(8, 3) }
local w = net:initialise(ms.random(1))
print(net, net(ms.ones { 2, 4 }, w))]],
  },
  {
    name = "data", also = { "datasets", "images", "mnist", "cifar", "jpeg" },
    title = "Image data sets: the built-in digits, MNIST, CIFAR-10, folders of images, .npz files.",
    text = [[
ms.data.images "digits" draws handwritten-like digits and needs no file; a folder with MNIST's or CIFAR-10's files, one
with PNG or JPEG images in a folder for each class, or an .npz file, gives those. `moonstill data get mnist` (also
fashion-mnist, cifar10) fetches what is published into data/mnist and checks it. ms.data.images returns train and test;
a set gives batches of normalised images [n, channels, height, width] and classes from 1. ms.show draws images in the
terminal.]],
    example = [[
local set = ms.data.images("digits", { train = 100, test = 20 })
local x, y = set.train:batch { 1, 2, 3 }
print(set.train, x:shape()[3], y)]],
  },
  {
    name = "training", also = { "optimizers", "optimisers", "fit", "evaluation" },
    title = "Training a network on a whole data set.",
    text = [[
train.fit trains, train.evaluate tests; ms.optim has optimisers and schedules. A loop of one's own is three lines.]],
    example = [[
local train, nn = require "train", ms.nn
local set = ms.data.images("digits", { train = 200, test = 50 })
local net = nn.sequential { nn.flatten(), nn.linear(784, 10) }
local w = train.fit { net = net, train = set.train, epochs = 1, optimizer = ms.optim.adam { lr = 0.01 } }
print(train.evaluate(net, w, set.test).accuracy)]],
  },
  {
    name = "distillation", also = { "distil", "distill", "synthetic", "condensation" },
    title = "A few synthetic images that train a network in a few steps.",
    text = [[
distill.unrolled makes a still: images, their classes and step sizes, which fit() learns by differentiating through the
inner updates on them; evaluate() tests networks that saw nothing else; save() writes images and a checkpoint, from
which the same command goes on. scripts/distill.lua does all of it from the command line.]],
    example = [[
local distill, qnn = require "distill", require "qnn"
local set = ms.data.images("digits", { train = 200, test = 50 })
local still = distill.unrolled {
  net = qnn.lenet.classical {}, train = set.train, images_per_class = 1, steps = 1, passes = 1, init = "known",
  seed = 1,
}
print(still)]],
  },
  {
    name = "files", also = { "saving", "loading", "safetensors", "npz", "csv", "json", "png" },
    title = "Reading and writing tensors, tables of numbers, pictures.",
    text = [[
ms.io.save and ms.io.load read and write tensors by name, as .safetensors or .npz; ms.io.write_png writes a sheet of
images; ms.io.csv and ms.io.jsonl append rows; ms.io.json and ms.io.parse_json convert. A file appears whole or not at
all.]],
    example = [[
print(ms.io.json { accuracy = 0.95, seeds = { 1, 2, 3 } })]],
  },
  {
    name = "exchange", also = { "openqasm", "export", "import", "sharing circuits" },
    title = "Circuits as OpenQASM, JSON and Lua.",
    text = [[
qasm.write gives a circuit as OpenQASM 3, its inputs as parameters or with their numbers; qasm.read takes OpenQASM 2 and
3, what other libraries write too. circuit:data() is the circuit as a plain table, which ms.io.json writes and
ms.circuit_from makes a circuit of again. ms.lua_of writes circuits, observables, networks, optimisers, schedules of
learning rates and plans of distillation as Lua that makes them again.]],
    example = [[
local qasm = require "qasm"
local circuit = ms.circuit(2, { w = { 1 } }, function(c, w) c:h(1):crx(1, 2, w[1]) end)
print(qasm.write(circuit))
print(qasm.read 'OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q; cx q[0], q[1];')
print(ms.lua_of(circuit), ms.io.json(circuit:data()))]],
  },
  {
    name = "scripts", also = { "options", "strict", "globals", "arguments" },
    title = "What differs in a script from the prompt, and its command line.",
    text = [[
A script begins with `local ms = require "moonstill"`; globals must not be set: write `local`. ms.options turns a table
into a command line with --help. Errors name the script's line; --backtrace shows all calls, --profile where time goes.
`moonstill test FOLDER` runs the tests in files named *_test.lua.]],
  },
  {
    name = "modules", also = { "require", "sharing", "packages", "luarocks" },
    title = "Sharing code: what require finds, and modules that colleagues install.",
    text = [[
require 'name' finds name.lua or name/init.lua, in this order: in the script's folder; among the project's modules
(moonstill_modules beside moonstill.lock, in the nearest folder above that has one); among the user's; in the trees of
LuaRocks and LUA_PATH; in the standard library. The current directory as such is never searched; at the prompt, the
project around it is. A failed require lists where it looked, and the nearest name.

A file named like a module of the standard library hides it from your scripts, with a warning, and never from the
library itself; `moonstill` and `moonstill.*` cannot be hidden, and no installed module can have such a name. A file
that begins with "#!" is a program and no module, and so is the running script.

A module to share is a folder with a manifest, module.lua, which is read and never run. moonstill new NAME makes one,
check runs its tests and examples, pack makes an archive, add FILE, DIR or URL installs one, and list, remove and verify
look after those installed; each has --help. moonstill.lock belongs to the project: where a colleague has it without the
modules, moonstill add, alone, installs them. Where a module requires others its manifest says so, needs = { bell =
"0.2.0" }: add tells which are missing, and fetches none by itself.]],
  },
  {
    name = "reproducibility", also = { "seeds", "random", "threads", "determinism" },
    title = "Equal seeds give equal bytes, at any number of threads.",
    text = [[
Random numbers come from ms.random(seed) and nowhere else; rng:split "name" gives a stream of its own to each use, so
that one more draw here changes nothing there. A killed run goes on from its checkpoint to the same numbers.]],
    example = [[
local rng = ms.random(1)
print(rng:split "weights":normal { 3 })]],
  },
}

list[#list + 1] = {
  name = "tutorial", also = { "start", "introduction" },
  title = "From the prompt to a first distilled data set and a module to share, in twenty minutes.",
  text = "A walk through everything, to type along.",
  page = require "moonstill.tutorial",
}

topics.list = list

--- The topic of a name.
--- @param name string
--- @return moonstill.Topic|nil
function topics.named(name)
  name = name:lower()
  for _, topic in ipairs(topics.list) do
    if topic.name == name then return topic end
    for _, other in ipairs(topic.also) do
      if other == name then return topic end
    end
  end
end

return topics
