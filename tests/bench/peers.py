"""What other simulators need for the work that the benchmarks here time, on this machine.

usage: peers.py [NAME ...]     (torch pennylane lightning qulacs qsim tensorcircuit; default: all that are installed)
       peers.py --here NAME    (in this process, with the environment as it is)

Prints one JSON object a line: {"row": ..., "peer": ..., "seconds": median of one call}, with names of rows that
report.lua knows; {"peer": ..., "version": ...} of each package that was there; and {"peer": ..., "absent": why} where
one was not installed or stopped. Each peer has a process of its own, so that no other's threads are there, with the
environment in which it is fastest. The layer is the paper's: real amplitudes, 3 strongly entangling layers, a Hermitian
on each qubit, gradients of the summed readouts. PennyLane's bare layer and qulacs compute in f64, as they do by
default; the others in f32.
"""

import importlib.metadata
import importlib.util
import json
import math
import os
import re
import subprocess
import sys
import time

try:
    import numpy as np
except ImportError:  # main() names what is missing
    np = None

LAYERS = 3
THREADS = len(os.sched_getaffinity(0))
BATCHES = {6: 1024, 10: 64, 16: 16, 20: 1}
# Memory is kept by the process: by default, large tensors go back to the system, and their pages are zeroed anew in
# each call, which takes PyTorch a tenth of its time and more.
ENVIRONMENT = {"OMP_NUM_THREADS": str(THREADS), "QULACS_NUM_THREADS": str(THREADS), "MALLOC_MMAP_MAX_": "0",
               "MALLOC_TRIM_THRESHOLD_": str(1 << 40)}


def median_seconds(call, at_least=0.5, most=100):
    """Median time of a call, after one that is not counted; of one call where it takes seconds."""
    call()
    times = []
    while sum(times) < at_least and len(times) < most:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2]


def tell(**line):
    print(json.dumps(line), flush=True)


def version_of(package):
    """Of what was installed to have this package."""
    for name in importlib.metadata.packages_distributions().get(package, []):
        return importlib.metadata.version(name)
    return "of unknown version"


def report(peer, row, *calls, count=1):
    """The calls, each timed alone, do together `count` times what the row is about."""
    seconds = sum(median_seconds(call) for call in calls) / count
    tell(row=row, peer=peer, seconds=seconds)


def layer_row(what, n, batch):
    return f"{what} n={n} batch={batch}"


class Problem:
    """The numbers of one layer."""

    def __init__(self, n, batch):
        random = np.random.default_rng(1)
        self.n, self.batch = n, batch
        states = random.normal(size=(batch, 1 << n))
        self.states = states / np.linalg.norm(states, axis=1, keepdims=True)
        self.angles = random.normal(size=(LAYERS, n, 3))
        a = random.normal(size=(n, 2, 2)) + 1j * random.normal(size=(n, 2, 2))
        self.hermitians = (a + a.conj().transpose(0, 2, 1)) / 2

    def rotations(self):
        """(qubit, phi, theta, omega) and ("cnot", control, target), in order."""
        for layer in range(LAYERS):
            for q in range(self.n):
                yield ("rot", q, *self.angles[layer, q])
            for q in range(self.n):
                yield ("cnot", q, (q + layer % (self.n - 1) + 1) % self.n)


def prepare_torch():
    """PyTorch with all threads; says where it has only the slow reference BLAS."""
    import torch

    torch.set_num_threads(THREADS)
    with open("/proc/self/maps", encoding="utf-8") as maps:
        if re.search(r"/blas/libblas\.so", maps.read()):
            print("torch: computes with the reference BLAS; OpenBLAS (libopenblas0-openmp) makes it several times faster",
                  file=sys.stderr)
    return torch


def channels_last(tensor):
    """Images and kernels as oneDNN likes them: a LeNet's step takes half the time that it takes otherwise."""
    return tensor.to(memory_format=sys.modules["torch"].channels_last) if tensor.dim() == 4 else tensor


class TorchLeNets:
    """LeNets in PyTorch on lists of weights, and their derivatives. `layer(z, angles, parts)` is the quantum layer."""

    def __init__(self, layer, channels=1, size=28):
        import torch

        self.torch, self.layer = torch, layer
        self.padding = (32 - size) // 2
        trunk = [(6, channels, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,)]
        self.classical_weights = self.weights(trunk + [(84, 120), (84,), (10, 84), (10,)])
        self.quantum_weights = self.weights(trunk + [(64, 120), (64,), (3, 6, 3), (6, 2, 2, 2), (10, 6), (10,), (10, 64),
                                                     (10,), (), (10, 10), (10,)])
        self.shape = (channels, size, size)
        self.x, self.y = channels_last(torch.randn(1024, *self.shape)), torch.arange(1024) % 10

    def weights(self, shapes):
        torch = self.torch
        return [channels_last(torch.randn(s) / math.sqrt(max(1, np.prod(s[1:])))).requires_grad_() for s in shapes]

    def features(self, w, x):
        f, torch = self.torch.nn.functional, self.torch
        x = f.max_pool2d(torch.relu(f.conv2d(x, w[0], w[1], padding=self.padding)), 2)
        x = f.max_pool2d(torch.relu(f.conv2d(x, w[2], w[3])), 2)
        return torch.relu(f.linear(x.flatten(1), w[4], w[5]))

    def classical(self, w, x):
        f = self.torch.nn.functional
        return f.linear(self.torch.relu(f.linear(self.features(w, x), w[6], w[7])), w[8], w[9])

    def quantum(self, w, x):
        f = self.torch.nn.functional
        z = f.linear(self.features(w, x), w[6], w[7])
        q = f.linear(self.layer(z, w[8], w[9]).to(z.dtype), w[10], w[11])
        residual = self.torch.relu(f.linear(z, w[12], w[13]))
        return f.linear(w[14] * q + (1 - w[14]) * residual, w[15], w[16])

    def gradient(self, net, w):
        loss = self.torch.nn.functional.cross_entropy(net(w, self.x), self.y)
        return self.torch.autograd.grad(loss, w)

    def outer_iteration(self, net, w, lists, updates):
        """Lists of 10 images, taken in turn; gradients of the images and of the step sizes."""
        torch = self.torch
        images = [channels_last(torch.randn(10, *self.shape)).requires_grad_() for _ in range(lists)]
        labels, sizes = torch.arange(10), torch.full((updates,), 0.02, requires_grad=True)
        cross_entropy = torch.nn.functional.cross_entropy

        def iteration():
            v = w
            for t in range(updates):
                loss = cross_entropy(net(v, images[t % lists]), labels)
                v = [a - sizes[t] * g for a, g in zip(v, torch.autograd.grad(loss, v, create_graph=True))]
            return torch.autograd.grad(cross_entropy(net(v, self.x), self.y), [*images, sizes])

        return iteration


def unitary_layer(n):
    """The layer on n qubits as one unitary, applied to the batch: what a careful user of PyTorch writes by hand."""
    import torch

    def ring(reach):
        rows = np.arange(1 << n)
        for q in range(n):
            control, target = n - 1 - q, n - 1 - (q + reach) % n
            rows = rows ^ (((rows >> control) & 1) << target)
        return torch.as_tensor(np.argsort(rows))

    rings = [ring(layer % (n - 1) + 1) for layer in range(LAYERS)]
    # The amplitudes with qubit q at 0, and at 1: a row for each q.
    rows = np.arange(1 << n)
    sides = [torch.as_tensor(np.stack([rows[(rows >> (n - 1 - q)) & 1 == bit] for q in range(n)])) for bit in (0, 1)]

    def rotations(angles):
        phi, theta, omega = angles.unbind(-1)
        c, s, plus, minus = torch.cos(theta / 2), torch.sin(theta / 2), (phi + omega) / 2, (phi - omega) / 2
        same, other, turn = torch.cos(plus) * c, torch.cos(minus) * s, torch.sin(plus) * c
        mixed = -torch.sin(minus) * s
        return torch.complex(torch.stack([same, -other, other, same], -1),
                             torch.stack([-turn, mixed, mixed, turn], -1)).unflatten(-1, (2, 2))

    def unitary(angles):
        gates = rotations(angles)
        product = gates[:, 0]
        for q in range(1, n):
            product = (product[:, :, None, :, None] * gates[:, q, None, :, None, :]).reshape(LAYERS, 2 << q, 2 << q)
        u = product[0][rings[0]]
        for layer in range(1, LAYERS):
            u = product[layer][rings[layer]] @ u
        return u

    def layer(x, angles, parts):
        x = x / x.norm(dim=1, keepdim=True)
        flat = torch.view_as_real(unitary(angles).T).reshape(1 << n, 2 << n)
        state = torch.view_as_complex((x @ flat).unflatten(1, (1 << n, 2)))
        low, high = state[:, sides[0]], state[:, sides[1]]
        cross = (low.conj() * high).sum(-1)
        # The Hermitian is (A + A') / 2.
        across = torch.complex(parts[:, 0, 1, 0] + parts[:, 1, 0, 0], parts[:, 0, 1, 1] - parts[:, 1, 0, 1])
        populations = [torch.view_as_real(side).square().sum((-1, -2)) for side in (low, high)]
        return parts[:, 0, 0, 0] * populations[0] + parts[:, 1, 1, 0] * populations[1] + (across * cross).real

    return layer


def run_torch():
    torch = prepare_torch()
    layer = unitary_layer(6)
    for batch in (1024, 10):
        problem = Problem(6, batch)
        x = torch.tensor(problem.states, dtype=torch.float32, requires_grad=True)
        w = torch.tensor(problem.angles, dtype=torch.float32, requires_grad=True)
        h = torch.randn(6, 2, 2, 2, requires_grad=True)
        inputs = [x, w, h]

        def gradient(create_graph=False):
            return torch.autograd.grad(layer(x, w, h).sum(), inputs, create_graph=create_graph)

        def hessian_vector():
            g = gradient(True)
            return torch.autograd.grad(sum((a * b.detach()).sum() for a, b in zip(g, inputs)), inputs)

        def forward():
            with torch.no_grad():
                return layer(x, w, h)

        report("torch, unitary", layer_row("forward", 6, batch), forward)
        report("torch, unitary", layer_row("gradient", 6, batch), gradient)
        report("torch, unitary", layer_row("hessian_vector", 6, batch), hessian_vector)

    nets = TorchLeNets(layer)
    report("torch", "classical LeNet gradient batch=1024", lambda: nets.gradient(nets.classical, nets.classical_weights))
    report("torch", "outer iteration classical", nets.outer_iteration(nets.classical, nets.classical_weights, 1, 3))
    report("torch, unitary", "outer iteration quantum", nets.outer_iteration(nets.quantum, nets.quantum_weights, 1, 3))
    colour = TorchLeNets(layer, 3, 32)
    report("torch, unitary", "outer iteration CIFAR-10 quantum",
           colour.outer_iteration(colour.quantum, colour.quantum_weights, 10, 30))
    report("torch", "outer iteration CIFAR-10 classical",
           colour.outer_iteration(colour.classical, colour.classical_weights, 10, 30))

    conv2d, backward = torch.nn.functional.conv2d, torch.ops.aten.convolution_backward
    first_input = nets.x
    first_weight, second_weight = nets.quantum_weights[0].detach(), nets.quantum_weights[2].detach()
    second_input, first_cotangent, second_cotangent = (
        channels_last(torch.randn(1024, *shape)) for shape in ((6, 14, 14), (6, 28, 28), (16, 10, 10)))

    def first_backward():
        options = ([1, 1], [2, 2], [1, 1], False, [0, 0], 1)
        backward(first_cotangent, first_input, first_weight, None, *options, [False, True, False])

    def second_backward(inputs):
        options = ([1, 1], [0, 0], [1, 1], False, [0, 0], 1)
        backward(second_cotangent, second_input, second_weight, None, *options, [inputs, not inputs, False])

    five_kernels = [
        lambda: conv2d(first_input, first_weight, padding=2),
        lambda: conv2d(second_input, second_weight),
        first_backward,
        lambda: second_backward(True),
        lambda: second_backward(False),
    ]
    report("torch", "LeNet convolutions batch=1024", *five_kernels)

    tiny = torch.randn(32)
    report("torch", "tiny add", lambda: [tiny + tiny for _ in range(1000)], count=1000)


def run_pennylane():
    """default.qubit with PyTorch, the paper's stack."""
    import pennylane as qml

    torch = prepare_torch()
    for batch in (1024, 10):
        problem = Problem(6, batch)
        device = qml.device("default.qubit", wires=6)

        @qml.qnode(device, interface="torch", diff_method="backprop")
        def layer(x, w, h):
            qml.AmplitudeEmbedding(x, wires=range(6), normalize=True)
            qml.StronglyEntanglingLayers(w, wires=range(6))
            return [qml.expval(qml.Hermitian(h[q], wires=q)) for q in range(6)]

        x = torch.tensor(problem.states, requires_grad=True)
        w = torch.tensor(problem.angles, requires_grad=True)
        h = torch.tensor(problem.hermitians, requires_grad=True)
        inputs = [x, w]

        def total():
            return sum(v.sum() for v in layer(x, w, h))

        def hessian_vector():
            g = torch.autograd.grad(total(), inputs, create_graph=True)
            return torch.autograd.grad(sum((a * b.detach()).sum() for a, b in zip(g, inputs)), inputs)

        def forward():
            with torch.no_grad():
                return layer(x, w, h)

        report("PennyLane", layer_row("forward", 6, batch), forward)
        report("PennyLane", layer_row("gradient", 6, batch), lambda: torch.autograd.grad(total(), inputs))
        report("PennyLane", layer_row("hessian_vector", 6, batch), hessian_vector)

    def lenet_layer(z, angles, parts):
        a = torch.complex(parts[..., 0], parts[..., 1])
        return torch.stack(layer(z, angles, (a + a.conj().transpose(1, 2)) / 2), 1)

    nets = TorchLeNets(lenet_layer)
    report("PennyLane", "outer iteration quantum", nets.outer_iteration(nets.quantum, nets.quantum_weights, 1, 3))
    colour = TorchLeNets(lenet_layer, 3, 32)
    report("PennyLane", "outer iteration CIFAR-10 quantum",
           colour.outer_iteration(colour.quantum, colour.quantum_weights, 10, 30))


def run_lightning():
    """lightning.qubit by QNodes, f32, adjoint differentiation; a batch is a loop."""
    import pennylane as qml
    from pennylane import numpy as pnp

    for n in (16, 20):
        problem = Problem(n, BATCHES[n])
        device = qml.device("lightning.qubit", wires=n, c_dtype=np.complex64)

        @qml.qnode(device, diff_method="adjoint")
        def layer(x, w):
            qml.StatePrep(x, wires=range(n))
            qml.StronglyEntanglingLayers(w, wires=range(n))
            return qml.expval(qml.Hamiltonian([1.0] * n, [qml.PauliZ(q) for q in range(n)]))

        # Angles that may be differentiated make it compute the gradient in the forward pass.
        fixed, w = (pnp.array(problem.angles, requires_grad=wanted) for wanted in (False, True))
        states = [pnp.array(s, requires_grad=False) for s in problem.states]
        gradient = qml.grad(layer, argnum=1)
        report("lightning", layer_row("forward", n, problem.batch), lambda: [layer(s, fixed) for s in states])
        report("lightning", layer_row("gradient", n, problem.batch), lambda: [gradient(s, w) for s in states])


def run_qulacs():
    """f64; gates merged by its optimiser for the forward pass; gradients (angles only) start from |0...0>."""
    import qulacs
    from qulacs.circuit import QuantumCircuitOptimizer

    def readouts(problem):
        out = []
        for q, h in enumerate(problem.hermitians):
            observable = qulacs.Observable(problem.n)
            for word, c in (("I", (h[0, 0] + h[1, 1]).real / 2), (f"X {q}", h[0, 1].real), (f"Y {q}", -h[0, 1].imag),
                            (f"Z {q}", (h[0, 0] - h[1, 1]).real / 2)):
                observable.add_operator(c, word if word != "I" else f"I {q}")
            out.append(observable)
        return out

    for n in (6, 10, 16, 20):
        problem = Problem(n, BATCHES[n])
        circuit, parametric = qulacs.QuantumCircuit(n), qulacs.ParametricQuantumCircuit(n)
        for gate in problem.rotations():
            if gate[0] == "cnot":
                circuit.add_CNOT_gate(gate[1], gate[2])
                parametric.add_CNOT_gate(gate[1], gate[2])
            else:
                _, q, phi, theta, omega = gate
                for add, target, angle in (("RZ", q, phi), ("RY", q, theta), ("RZ", q, omega)):
                    getattr(circuit, f"add_{add}_gate")(target, -angle)
                    getattr(parametric, f"add_parametric_{add}_gate")(target, -angle)
        QuantumCircuitOptimizer().optimize(circuit, 2)
        observables, state = readouts(problem), qulacs.QuantumState(n)
        total = qulacs.Observable(n)
        for q in range(n):
            total.add_operator(1.0, f"Z {q}")

        def forward():
            for amplitudes in problem.states:
                state.load(amplitudes)
                circuit.update_quantum_state(state)
                for observable in observables:
                    observable.get_expectation_value(state)

        report("qulacs", layer_row("forward", n, problem.batch), forward)
        report("qulacs", layer_row("gradient", n, problem.batch),
               lambda: [parametric.backprop(total) for _ in range(problem.batch)])

    for n in (22, 24):
        circuit, state = qulacs.QuantumCircuit(n), qulacs.QuantumState(n)
        for q in range(n):
            circuit.add_RY_gate(q, 0.1 + q)
        for q in range(n):
            circuit.add_CNOT_gate(q, (q + 1) % n)
        report("qulacs", f"rotations and ring n={n}", lambda: circuit.update_quantum_state(state))


def run_qsim():
    """f32, gates fused by 2; forward only. Python's share is felt below 16 qubits, so those rows are left out."""
    import cirq
    import qsimcirq

    simulator = qsimcirq.QSimSimulator(qsimcirq.QSimOptions(cpu_threads=THREADS, max_fused_gate_size=2))
    for n in (22, 24):
        qubits = cirq.LineQubit.range(n)
        circuit = cirq.Circuit(cirq.ry(0.1 + q)(qubits[q]) for q in range(n))
        circuit.append(cirq.CNOT(qubits[q], qubits[(q + 1) % n]) for q in range(n))
        report("qsim", f"rotations and ring n={n}", lambda: simulator.simulate(circuit))
    for n in (16, 20):
        problem = Problem(n, BATCHES[n])
        qubits = cirq.LineQubit.range(n)
        circuit = cirq.Circuit()
        for gate in problem.rotations():
            if gate[0] == "cnot":
                circuit.append(cirq.CNOT(qubits[gate[1]], qubits[gate[2]]))
            else:
                _, q, phi, theta, omega = gate
                circuit.append([cirq.rz(phi)(qubits[q]), cirq.ry(theta)(qubits[q]), cirq.rz(omega)(qubits[q])])
        observables = [cirq.Z(q) for q in qubits]
        states = problem.states.astype(np.complex64)
        report("qsim", layer_row("forward", n, problem.batch), lambda: [
            simulator.simulate_expectation_values(circuit, observables, initial_state=s) for s in states])


def run_tensorcircuit():
    """TensorCircuit on JAX, compiled and vectorised over the batch, f32."""
    import jax
    import jax.numpy as jnp
    import tensorcircuit as tc

    tc.set_backend("jax")
    tc.set_dtype("complex64")
    for n, batch in ((6, 1024), (6, 10), (10, 64), (16, 16)):
        problem = Problem(n, batch)
        links = [gate[1:] for gate in problem.rotations() if gate[0] == "cnot"]

        def single(x, w, h):
            circuit = tc.Circuit(n, inputs=x.astype(jnp.complex64))
            for layer in range(LAYERS):
                for q in range(n):
                    circuit.rz(q, theta=w[layer, q, 0])
                    circuit.ry(q, theta=w[layer, q, 1])
                    circuit.rz(q, theta=w[layer, q, 2])
                for control, target in links[layer * n:(layer + 1) * n]:
                    circuit.cnot(control, target)
            state = circuit.state()
            out = []
            for q in range(n):
                s = state.reshape(1 << q, 2, 1 << (n - 1 - q))
                out.append(jnp.real(jnp.einsum("ixj,xy,iyj->", s.conj(), h[q], s)))
            return jnp.stack(out)

        layer = jax.vmap(single, in_axes=(0, None, None))
        point = (jnp.asarray(problem.states, jnp.float32), jnp.asarray(problem.angles, jnp.float32))
        hermitians = jnp.asarray(problem.hermitians, jnp.complex64)

        def total(x, w):
            return layer(x, w, hermitians).sum()

        gradient = jax.grad(total, argnums=(0, 1))
        calls = {
            "forward": jax.jit(lambda x, w: layer(x, w, hermitians)),
            "gradient": jax.jit(gradient),
            "hessian_vector": jax.jit(lambda x, w: jax.jvp(gradient, (x, w), (x, w))[1]),
        }
        for what, call in calls.items():
            if what == "hessian_vector" and n > 6:
                continue
            report("TensorCircuit", layer_row(what, n, batch), lambda: jax.block_until_ready(call(*point)))


PEERS = {
    "torch": (run_torch, ["torch"]),
    "pennylane": (run_pennylane, ["pennylane", "torch"]),
    "lightning": (run_lightning, ["pennylane_lightning"]),
    "qulacs": (run_qulacs, ["qulacs"]),
    "qsim": (run_qsim, ["qsimcirq"]),
    "tensorcircuit": (run_tensorcircuit, ["tensorcircuit", "jax"]),
}


def main():
    here = sys.argv[1:2] == ["--here"]
    names = sys.argv[2:] if here else sys.argv[1:] or list(PEERS)
    if here and len(names) != 1:
        sys.exit("peers.py: --here takes one peer")
    for name in names:
        if name not in PEERS:
            sys.exit(f"peers.py: no peer '{name}' (known: {', '.join(PEERS)})")
    for name in names:
        run, packages = PEERS[name]
        missing = [p for p in ["numpy", *packages] if importlib.util.find_spec(p) is None]
        if here:
            run()
        elif missing:
            tell(peer=name, absent=f"not installed: {', '.join(missing)}")
        else:
            tell(peer=name, version=version_of(packages[0]))
            command = [sys.executable, __file__, "--here", name]
            if subprocess.run(command, env={**ENVIRONMENT, **os.environ}, check=False).returncode != 0:
                tell(peer=name, absent="stopped by its error")  # no reason to stop the others


if __name__ == "__main__":
    main()
