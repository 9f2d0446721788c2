"""Blocks of every quantised type with random bits, and what the package `gguf` makes of them."""

import gguf
import numpy as np
from common import FOLDER, random
from gguf import GGMLQuantizationType as Kind
from safetensors.numpy import save_file

# Where the 16-bit scales of a block stand, in bytes.
SCALES = {
    Kind.Q4_0: [0], Kind.Q4_1: [0, 2], Kind.Q5_0: [0], Kind.Q5_1: [0, 2], Kind.Q8_0: [0],
    Kind.Q2_K: [80, 82], Kind.Q3_K: [108], Kind.Q4_K: [0, 2], Kind.Q5_K: [0, 2], Kind.Q6_K: [208],
}


def blocks(kind: Kind, rows: int, columns: int, seed: int) -> np.ndarray:
    """Random blocks whose scales are small, finite numbers."""
    generator = random(seed)
    per_block, size = gguf.GGML_QUANT_SIZES[kind]
    data = generator.integers(0, 256, (rows * columns // per_block, size), dtype=np.uint8)
    for at in SCALES[kind]:
        scale = generator.uniform(0.001, 0.05, len(data)).astype(np.float16)
        data[:, at : at + 2] = scale.view(np.uint8).reshape(-1, 2)
    return data.reshape(rows, -1)


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(FOLDER / "quants.gguf", "test")
    expected = {}
    for seed, kind in enumerate(SCALES):
        data = blocks(kind, 3, 256, seed)
        writer.add_tensor(kind.name, data, raw_dtype=kind)
        expected[kind.name] = gguf.quants.dequantize(data, kind).reshape(3, 256)
    numbers = random(99).normal(size=(3, 256)).astype(np.float32)
    half = numbers.astype(np.float16)
    writer.add_tensor("F16", half)
    expected["F16"] = half.astype(np.float32)
    brain = gguf.quants.quantize(numbers, Kind.BF16)
    writer.add_tensor("BF16", brain, raw_dtype=Kind.BF16)
    expected["BF16"] = gguf.quants.dequantize(brain, Kind.BF16)
    writer.add_tensor("F32", numbers)
    expected["F32"] = numbers
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, FOLDER / "quants.safetensors")
