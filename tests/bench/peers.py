"""What other simulators need for the work that the benchmarks here time, on this machine.

usage: peers.py [NAME ...]     (torch pennylane lightning qulacs qsim tensorcircuit; default: all that are installed)

Prints one JSON object a line: {"row": ..., "peer": ..., "seconds": median of one call}. Rows have the names that
report.lua knows. A package that is not installed is named on standard error and left out. The layer is the paper's: real
amplitudes, 3 strongly entangling layers, a Hermitian on each qubit, gradients of the summed readouts. PennyLane's bare
layer and qulacs compute in f64, as they do by default; the others in f32.
"""

import importlib.util
import json
import math
import os
import sys
import time

import numpy as np

LAYERS = 3
THREADS = len(os.sched_getaffinity(0))
BATCHES = {6: 1024, 10: 64, 16: 16, 20: 1}


def median_seconds(call, at_least=0.5, most=100):
    """Median time of a call, after one that is not counted; of one call where it takes seconds."""
    call()
    times = []
    while sum(times) < at_least and len(times) < most:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return sorted(times)[len(times) // 2]


def report(peer, row, call, count=1):
    """A call does `count` times what the row is about."""
    print(json.dumps({"row": row, "peer": peer, "seconds": median_seconds(call) / count}), flush=True)


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
        self.x, self.y = torch.randn(1024, *self.shape), torch.arange(1024) % 10

    def weights(self, shapes):
        torch = self.torch
        return [(torch.randn(s) / math.sqrt(max(1, np.prod(s[1:])))).requires_grad_() for s in shapes]

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
        images = [torch.randn(10, *self.shape, requires_grad=True) for _ in range(lists)]
        labels, sizes = torch.arange(10), torch.full((updates,), 0.02, requires_grad=True)
        cross_entropy = torch.nn.functional.cross_entropy

        def iteration():
            v = w
            for t in range(updates):
                loss = cross_entropy(net(v, images[t % lists]), labels)
                v = [a - sizes[t] * g for a, g in zip(v, torch.autograd.grad(loss, v, create_graph=True))]
            return torch.autograd.grad(cross_entropy(net(v, self.x), self.y), [*images, sizes])

        return iteration


def run_torch():
    """The layer as one unitary applied to the batch, and LeNet: what a careful user writes by hand."""
    import torch

    torch.set_num_threads(THREADS)

    def rot(w):
        phi, theta, omega = w[0], w[1], w[2]
        c, s = torch.cos(theta / 2), torch.sin(theta / 2)

        def phase(x):
            return torch.complex(torch.cos(x), torch.sin(x))

        return torch.stack([
            torch.stack([phase(-(phi + omega) / 2) * c, -phase((phi - omega) / 2) * s]),
            torch.stack([phase((omega - phi) / 2) * s, phase((phi + omega) / 2) * c]),
        ])

    def ring(n, reach):
        rows = np.arange(1 << n)
        for q in range(n):
            control, target = n - 1 - q, n - 1 - (q + reach) % n
            rows = rows ^ (((rows >> control) & 1) << target)
        inverse = np.empty_like(rows)
        inverse[rows] = np.arange(1 << n)
        return torch.as_tensor(inverse)

    def unitary(n, angles):
        u = None
        for layer in range(LAYERS):
            gate = rot(angles[layer, 0])
            for q in range(1, n):
                gate = torch.kron(gate, rot(angles[layer, q]))
            gate = gate[ring(n, layer % (n - 1) + 1)]
            u = gate if u is None else gate @ u
        return u

    def layer(x, angles, parts):
        n = angles.shape[1]
        x = x / x.norm(dim=1, keepdim=True)
        state = x.to(torch.complex64) @ unitary(n, angles).T
        a = torch.complex(parts[..., 0], parts[..., 1])
        hermitian = (a + a.conj().transpose(1, 2)) / 2
        out = []
        for q in range(n):
            s = state.reshape(-1, 1 << q, 2, 1 << (n - 1 - q))
            rho = torch.einsum("bixj,biyj->bxy", s, s.conj())
            out.append(torch.einsum("xy,byx->b", hermitian[q], rho).real)
        return torch.stack(out, 1)

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

    functional = torch.nn.functional
    first_input = nets.x
    first_weight, second_weight = nets.quantum_weights[0].detach(), nets.quantum_weights[2].detach()
    small = torch.randn(1024, 6, 14, 14)
    first_cotangent, second_cotangent = torch.randn(1024, 6, 28, 28), torch.randn(1024, 16, 10, 10)

    def five_kernels():
        functional.conv2d(first_input, first_weight, padding=2)
        functional.conv2d(small, second_weight)
        torch.nn.grad.conv2d_input(small.shape, second_weight, second_cotangent)
        backward = torch.ops.aten.convolution_backward
        options = ([1, 1], [2, 2], [1, 1], False, [0, 0], 1)
        backward(first_cotangent, first_input, first_weight, None, *options, [False, True, False])
        options = ([1, 1], [0, 0], [1, 1], False, [0, 0], 1)
        backward(second_cotangent, small, second_weight, None, *options, [False, True, False])

    report("torch", "LeNet convolutions batch=1024", five_kernels)

    tiny = torch.randn(32)
    report("torch", "tiny add", lambda: [tiny + tiny for _ in range(1000)], 1000)


def run_pennylane():
    """default.qubit with PyTorch, the paper's stack."""
    import pennylane as qml
    import torch

    torch.set_num_threads(THREADS)
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

        report("PennyLane", layer_row("forward", 6, batch), lambda: layer(x, w, h))
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

        w = pnp.array(problem.angles, requires_grad=True)
        states = [pnp.array(s, requires_grad=False) for s in problem.states]
        gradient = qml.grad(layer, argnum=1)
        report("lightning", layer_row("forward", n, problem.batch), lambda: [layer(s, w) for s in states])
        report("lightning", layer_row("gradient", n, problem.batch), lambda: [gradient(s, w) for s in states])


def run_qulacs():
    """f64; gates merged by its optimiser for the forward pass; gradients (angles only) start from |0...0>."""
    os.environ.setdefault("QULACS_NUM_THREADS", str(THREADS))
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
    names = sys.argv[1:] or list(PEERS)
    for name in names:
        if name not in PEERS:
            sys.exit(f"peers.py: no peer '{name}' (known: {', '.join(PEERS)})")
        run, packages = PEERS[name]
        missing = [p for p in packages if importlib.util.find_spec(p) is None]
        if missing:
            print(f"{name}: left out, {', '.join(missing)} not installed", file=sys.stderr)
            continue
        try:
            run()
        except Exception as error:  # a peer that fails is no reason to stop the others
            print(f"{name}: stopped, {type(error).__name__}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main()
