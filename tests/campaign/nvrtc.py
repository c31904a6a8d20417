"""Compiles CUDA C with NVRTC for every architecture and holds registers and spills to a budget."""

import ctypes
import glob
import json
import os
import re
import sys

ARCHITECTURES = (75, 80, 86, 89, 90, 100, 120)


def compile_one(nvrtc, path, architecture):
    """The compiler's log; fails where the source does not compile."""
    with open(path, "rb") as file:
        text = file.read()
    program = ctypes.c_void_p()
    name = os.path.basename(path).encode()
    assert nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, name, 0, None, None) == 0
    options = [b"--gpu-architecture=sm_%d" % architecture, b"--fmad=false", b"--std=c++17", b"--ptxas-options=-v"]
    failed = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
    log = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetProgramLog(program, log)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    assert failed == 0, f"{path} for sm_{architecture}:\n{log.value.decode()}"
    return log.value.decode()


def main():
    library, budget_path, *rest = sys.argv[1:]
    write = "--write" in rest
    nvrtc = ctypes.CDLL(glob.glob(os.path.join(library, "libnvrtc.so.*"))[0])
    found, wrong = {}, []
    for path in (path for path in rest if path != "--write"):
        for architecture in ARCHITECTURES:
            log = compile_one(nvrtc, path, architecture)
            for part in log.split("Compiling entry function '")[1:]:
                entry = part.split("'")[0]
                registers = int(re.search(r"Used (\d+) registers", part).group(1))
                found[entry] = max(found.get(entry, 0), registers)
                spilled = re.search(r"(\d+) bytes spill stores", part)
                if spilled and spilled.group(1) != "0":
                    wrong.append(f"{entry} spills {spilled.group(1)} bytes on sm_{architecture}")
    if write:
        with open(budget_path, "w") as file:
            json.dump(found, file, indent=1, sort_keys=True)
            file.write("\n")
    with open(budget_path) as file:
        budget = json.load(file)
    for entry, registers in found.items():
        if registers > budget.get(entry, 0):
            wrong.append(f"{entry} takes {registers} registers, {budget.get(entry, 0)} allowed")
    print(f"{len(found)} entries x {len(ARCHITECTURES)} architectures, at most {max(found.values())} registers")
    sys.exit("\n".join(wrong) if wrong else 0)


main()
