"""Numba's kernels without Numba: it compiles them in a process of its own, once; here their machine code is loaded by llvmlite.

Numba, what it imports and LLVM's optimizer would take 85 MB and half a second of every run. A module of kernels names what is to be
had from outside, with the types of the arguments:

    C_FUNCTIONS = {"count": "u1[:] i8[:] i8"}    # arrays of uint8 and int64, each row after row, and a number

Machine code is kept beside the module's own bytecode, or in the user's cache where that cannot be written to.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib
import importlib.metadata
import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import msgspec
import numpy as np

from juqing.errors import OutputError
from juqing.outputs import writing

_NUMBERS = {"i8": ctypes.c_int64, "f4": ctypes.c_float}


@functools.cache
def kernel(module: str, name: str) -> Callable[..., list[float]]:
    """A compiled function, which lets go of the GIL.

    Args:
        module: The module of kernels; it is not imported.
        name: One of its `C_FUNCTIONS`.

    Returns:
        A function of arrays and numbers; what it returns is a list of the numbers that the kernel returns, float64.

    Raises:
        TypeError: It is called with an array of another type or number of dimensions, or one whose rows are not one after the other.
    """
    engine, found = _loaded(module)
    signature, n_results, symbol = found[name]
    kinds = signature.split()
    types: list[Any] = []
    for kind in kinds:
        types += [ctypes.c_void_p] + [ctypes.c_int64] * _dimensions(kind) if "[" in kind else [_NUMBERS[kind]]
    call = ctypes.CFUNCTYPE(None, *types, ctypes.c_void_p)(engine.get_function_address(symbol))

    def called(*arguments: Any) -> list[float]:
        flat: list[Any] = []
        for kind, argument in zip(kinds, arguments, strict=True):
            if "[" not in kind:
                flat.append(argument)
                continue
            if argument.dtype != kind[:2] or argument.ndim != _dimensions(kind) or not argument.flags.c_contiguous:
                raise TypeError(f"{name} takes {kind}, not {argument.dtype} of the shape {argument.shape}")
            flat += [argument.ctypes.data, *argument.shape]
        results = np.zeros(max(n_results, 1))
        call(*flat, results.ctypes.data)
        return results[:n_results].tolist()

    return called


def _dimensions(kind: str) -> int:
    return kind.count(":")


@functools.cache
def _loaded(module: str) -> tuple[Any, dict[str, tuple[str, int, str]]]:
    path = _kept(module)
    try:
        functions, code = msgspec.msgpack.decode(path.read_bytes())
    except (OSError, ValueError):  # not there, or damaged
        data = _compiled(module)
        with suppress(OutputError), writing(path) as aside:  # where it cannot be kept, it is compiled each time
            aside.write_bytes(data)
        functions, code = msgspec.msgpack.decode(data)
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    for each in code:
        engine.add_object_file(llvm.ObjectFileRef.from_data(each))
    engine.finalize_object()
    return engine, functions


def _machine() -> llvm.TargetMachine:
    target = llvm.Target.from_default_triple()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()
    return target.create_target_machine(cpu=cpu, features=features, opt=3, codemodel="jitdefault", jit=True)


def _kept(module: str) -> Path:
    """Where the machine code of a module is kept: another name for each source, processor and version of Numba."""
    spec = importlib.util.find_spec(module)
    assert spec and spec.origin
    source = Path(spec.origin)
    known = hashlib.sha256()
    for part in (*sorted(source.parent.glob("*.py")), Path(__file__)):  # a kernel may be made of others beside it
        known.update(part.read_bytes())
    known.update(f"{importlib.metadata.version('numba')} {llvm.get_host_cpu_name()}".encode())
    known.update(llvm.get_host_cpu_features().flatten().encode())
    folder = source.parent / "__pycache__"
    if not os.access(folder if folder.is_dir() else source.parent, os.W_OK):
        folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "juqing"
    return folder / f"{module}-{known.hexdigest()[:16]}.kernels"


def _compiled(module: str) -> bytes:
    """What `_compile` returns, by a process of its own."""
    with tempfile.TemporaryDirectory(prefix="juqing-compile-") as folder:
        path = Path(folder) / "kernels"
        command = [sys.executable, "-P", "-m", __name__, module, path]
        where = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True, env=where)
        if done.returncode:
            raise RuntimeError(f"the kernels of {module} cannot be compiled: {done.stderr.strip().splitlines()[-1]}")
        return path.read_bytes()


def _compile(module: str) -> bytes:
    """The functions with their signatures, and the machine code."""
    import numba

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    kernels = importlib.import_module(module)
    functions: dict[str, tuple[str, int, str]] = {}
    code: list[bytes] = []
    outside: set[str] = set()
    for name, given in kernels.C_FUNCTIONS.items():
        signature, _, n_results = given.partition(" -> ")
        made = _c_function(numba, getattr(kernels, name), signature.split(), int(n_results or 0))
        part = llvm.parse_assembly(made.inspect_llvm())
        outside |= {each.name for each in part.functions if each.is_declaration and not each.name.startswith("llvm.")}
        functions[name] = (signature, int(n_results or 0), made.native_name)
        code.append(_machine().emit_object(part))
    # What Numba would report an exception by; no kernel raises any. Not by `add_symbol`, which would hold for Numba's own code too.
    missing = [name for name in sorted(outside) if name.startswith(("numba_", "NRT_"))]
    stubs = "".join(f'define void @"{name}"() {{ call void @llvm.trap()\n unreachable }}\n' for name in missing)
    code.append(_machine().emit_object(llvm.parse_assembly("declare void @llvm.trap()\n" + stubs)))
    return msgspec.msgpack.encode((functions, code))


def _c_function(numba: Any, function: Any, kinds: list[str], n_results: int) -> Any:
    """A function of C that makes arrays of addresses and lengths, and writes down what the kernel returns."""
    types: list[Any] = []
    names: list[str] = []
    given: list[str] = []
    for k, kind in enumerate(kinds):
        number = getattr(numba.types, {"i": "int", "u": "uint", "f": "float"}[kind[0]] + str(8 * int(kind[1])))
        sizes = [f"n{k}_{axis}" for axis in range(_dimensions(kind))]
        types += [numba.types.CPointer(number) if sizes else number] + [numba.types.int64] * len(sizes)
        names += [f"a{k}", *sizes]
        given.append(f"carray(a{k}, ({', '.join(sizes)},))" if sizes else f"a{k}")
    results = "".join(f"    results[{k}] = found[{k}]\n" for k in range(n_results))
    text = f"def c_function({', '.join(names)}, results):\n    found = function({', '.join(given)})\n{results}"
    space = {"function": function, "carray": numba.carray}
    exec(text, space)
    signature = numba.types.void(*types, numba.types.CPointer(numba.types.float64))
    return numba.cfunc(signature)(space["c_function"])


if __name__ == "__main__":
    Path(sys.argv[2]).write_bytes(_compile(sys.argv[1]))
